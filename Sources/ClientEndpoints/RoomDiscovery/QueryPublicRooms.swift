package import Directory
package import HTTPAPI
package import MatrixCore

/// The public rooms of this server, or of another one, that a search finds.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms
/// - Errors: 400 `M_INVALID_PARAM` for a batch of nobody's, or for both all networks and one of them; 502 and 504 `M_UNKNOWN`
///   when the other server does not answer.
package enum QueryPublicRooms: Endpoint {
    package static let route = Route(
        "queryPublicRooms", .post, "/_matrix/client/v3/publicRooms", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let server: ServerName?
        let query: PublicRoomQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            server = try input.query(optional: "server", { ServerName($0) })
            query = try PublicRoomQuery(reading: try input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> PublicRoomList {
        PublicRoomList(page: try await directory.publicRooms(request.query, of: request.server))
    }
}
