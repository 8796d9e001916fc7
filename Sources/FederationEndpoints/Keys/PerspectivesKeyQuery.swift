package import Federation
package import HTTPAPI
package import MatrixCore

/// The keys of another server, vouched for by this one.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixkeyv2queryservername
/// - Errors: 400 `M_INVALID_PARAM` for what is no server name, or no time.
package enum PerspectivesKeyQuery: Endpoint {
    package static let route = Route(
        "perspectivesKeyQuery", .get, "/_matrix/key/v2/query/{serverName}",
        unstable: ["/_matrix/key/v2/query/{serverName}/{keyId}"], rateLimit: .federation)

    package struct Request: RequestDecodable {
        let query: KeyQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let server = try input.path("serverName", { ServerName($0) })
            var keyIDs: [SigningKeyID] = []
            if let text = try input.path(optional: "keyId"), !text.isEmpty {
                guard let id = SigningKeyID(text) else { throw .invalidParam("keyId is not valid") }
                keyIDs = [id]
            }
            query = KeyQuery(
                server: server, keyIDs: keyIDs,
                minimumValidUntilMilliseconds: try input.query(
                    optional: "minimum_valid_until_ts", { Int64($0) }))
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with notary: KeyNotary
    ) async throws -> NotaryKeys {
        NotaryKeys(serverKeys: try await notary.answer([request.query]))
    }
}
