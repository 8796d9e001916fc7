package import Directory
package import HTTPAPI
package import MatrixCore

/// The public rooms of this server, or of another one.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms
/// - Errors: 400 `M_INVALID_PARAM` for a batch of nobody's; 401 `M_MISSING_TOKEN` for another server's list without an access
///   token, or where the list is not shown without one; 502 and 504 `M_UNKNOWN` when the other server does not answer.
package enum GetPublicRooms: Endpoint {
    package static let route = Route(
        "getPublicRooms", .get, "/_matrix/client/v3/publicRooms", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let server: ServerName?
        let query: PublicRoomQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            server = try input.query(optional: "server", { ServerName($0) })
            query = PublicRoomQuery(
                limit: try input.query(number: "limit", in: 0...10_000), since: input.query(optional: "since"))
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUserOrAnyone, with directory: RoomDirectory
    ) async throws -> PublicRoomList {
        // Nobody can have us ask other servers for nothing.
        if caller.user == nil, directory.isElsewhere(request.server) || !directory.isShownToAnyone {
            throw MatrixError.missingToken
        }
        return PublicRoomList(page: try await directory.publicRooms(request.query, of: request.server))
    }
}
