import Directory
package import HTTPAPI
package import MatrixCore

/// The public rooms of this server that a search finds.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1publicrooms
/// - Errors: 400 `M_INVALID_PARAM` for a batch of nobody's; 403 `M_FORBIDDEN` when the list is not for other servers.
package enum QueryPublicRooms: Endpoint {
    package static let route = Route(
        "queryPublicRooms", .post, "/_matrix/federation/v1/publicRooms", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let query: PublicRoomQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            query = try PublicRoomQuery(reading: try input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> PublicRoomList {
        try await .read(request.query, with: services)
    }
}
