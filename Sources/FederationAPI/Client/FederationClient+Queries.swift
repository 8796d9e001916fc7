import HTTPAPI
package import MatrixCore

/// Calls about users, aliases and servers.
extension FederationClient {
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1querydirectory
    package func resolve(_ alias: RoomAlias, at server: ServerName) async throws -> DirectoryAnswer {
        try await DirectoryAnswer(
            answer: send(
                FederationCall(
                    .get, to: server, "/_matrix/federation/v1/query/directory",
                    query: [("room_alias", alias.description)])))
    }

    /// - Parameter field: one field of the profile; nil for all.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryprofile
    package func profile(
        of userID: UserID, field: String? = nil, at server: ServerName
    ) async throws -> ProfileAnswer {
        var query = [(name: "user_id", value: userID.description)]
        if let field { query.append(("field", field)) }
        var call = FederationCall(.get, to: server, "/_matrix/federation/v1/query/profile", query: query)
        // Somebody waits for it, to see a name and a picture.
        call.timeout = .seconds(15)
        call.maximumBytes = ProfileAnswer.maximumBytes
        return try await ProfileAnswer(answer: send(call))
    }

    /// The keys that a server publishes, with its own signature checked.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixkeyv2server
    package func serverKeys(of server: ServerName) async throws -> ServerKeys {
        var call = FederationCall(.get, to: server, "/_matrix/key/v2/server")
        call.timeout = .seconds(15)
        call.maximumBytes = ServerKeys.maximumBytes
        let document = try await send(call)
        do {
            return try ServerKeys(document.root, of: server)
        } catch {
            throw FederationError.malformed("keys of \(server): \(error)")
        }
    }

    /// Keys that a notary knows, which need both its signature and their server's to be checked.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixkeyv2query
    package func serverKeys(
        of server: ServerName, keyIDs: [SigningKeyID], minimumValidUntilMilliseconds: Int64,
        fromNotary notary: ServerName
    ) async throws -> NotaryAnswer {
        let wanted: JSONValue = ["minimum_valid_until_ts": .integer(minimumValidUntilMilliseconds)]
        let keys = Dictionary(keyIDs.map { ($0.description, wanted) }, uniquingKeysWith: { $1 })
        let body: JSONValue = ["server_keys": .object([server.description: .object(keys)])]
        var call = FederationCall(.post, to: notary, "/_matrix/key/v2/query", body: body.canonicalBytes)
        call.timeout = .seconds(15)
        return try await NotaryAnswer(answer: send(call))
    }
}
