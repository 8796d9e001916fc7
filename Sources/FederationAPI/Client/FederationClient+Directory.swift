import HTTPAPI
package import MatrixCore

/// Calls about rooms that one is not in.
extension FederationClient {
    /// - Parameters:
    ///   - query: `limit`, `since` and the like.
    ///   - filter: the body of a search; `nil` for the whole list.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1publicrooms
    package func publicRooms(
        of server: ServerName, query: [(name: String, value: String)], filter: JSONValue?
    ) async throws -> PublicRoomsAnswer {
        let path = "/_matrix/federation/v1/publicRooms"
        var call =
            if let filter {
                FederationCall(.post, to: server, path, body: filter.canonicalBytes)
            } else {
                FederationCall(.get, to: server, path, query: query)
            }
        // Somebody looks at the list.
        call.timeout = .seconds(20)
        call.maximumBytes = PublicRoomsAnswer.maximumBytes
        return try await PublicRoomsAnswer(answer: send(call))
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid
    package func hierarchy(of roomID: RoomID, at server: ServerName) async throws -> HierarchyAnswer {
        var call = FederationCall(
            .get, to: server, "/_matrix/federation/v1/hierarchy", [roomID.description],
            query: [("suggested_only", "false")])
        call.timeout = .seconds(10)
        call.maximumBytes = HierarchyAnswer.maximumBytes
        return try await HierarchyAnswer(answer: send(call))
    }
}
