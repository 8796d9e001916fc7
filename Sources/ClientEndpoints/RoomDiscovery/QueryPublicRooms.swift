package import Directory
package import HTTPAPI
package import MatrixCore

/// The public rooms of this server that a search finds.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms
/// - Errors: 400 `M_INVALID_PARAM` for a batch of nobody's.
package enum QueryPublicRooms: Endpoint {
    package static let route = Route("queryPublicRooms", .post, "/_matrix/client/v3/publicRooms", guests: true)

    package struct Request: RequestDecodable {
        let server: ServerName?
        let query: PublicRoomQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            server = try input.query(optional: "server", { ServerName($0) })
            let limit: Int? = try input.body(optional: "limit")
            var query = PublicRoomQuery(limit: limit, since: try input.body(optional: "since"))
            let filter = try input.fields().object("filter")
            query.searchTerm = try filter?.optional("generic_search_term")
            if let types: JSONValue = try filter?.optional("room_types"), let array = types.array {
                query.types = array.map(\.string)
            }
            self.query = query
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> PublicRoomList {
        PublicRoomList(page: try await directory.publicRooms(request.query, of: request.server))
    }
}
