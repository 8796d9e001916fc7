import Directory
package import HTTPAPI
package import MatrixCore

/// The public rooms of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1publicrooms
/// - Errors: 400 `M_INVALID_PARAM` for a batch of nobody's; 403 `M_FORBIDDEN` when the list is not for other servers.
package enum GetPublicRooms: Endpoint {
    package static let route = Route(
        "getPublicRooms", .get, "/_matrix/federation/v1/publicRooms", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let query: PublicRoomQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            var query = PublicRoomQuery(
                limit: try input.query(number: "limit", in: 0...10_000), since: input.query(optional: "since"))
            query.list = try .init(
                isOfAllNetworks: try input.query(flag: "include_all_networks"),
                network: input.query(optional: "third_party_instance_id"))
            self.query = query
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> PublicRoomList {
        try await .read(request.query, with: services)
    }
}
