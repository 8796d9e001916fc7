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
            let limit: Int? = try input.body(optional: "limit")
            if let limit, limit < 0 { throw .invalidParam("limit must be at least 0") }
            var query = PublicRoomQuery(limit: limit, since: try input.body(optional: "since"))
            let filter = try input.fields().object("filter")
            query.searchTerm = try filter?.optional("generic_search_term")
            if let types: JSONArrayView = try filter?.optional("room_types") {
                var wanted: [String?] = []
                for type in types {
                    guard type.isString || type.isNull else { throw .badJSON("room_types must hold strings or null") }
                    wanted.append(type.string)
                }
                query.types = wanted
            }
            self.query = query
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> PublicRoomList {
        try await .read(request.query, with: services)
    }
}
