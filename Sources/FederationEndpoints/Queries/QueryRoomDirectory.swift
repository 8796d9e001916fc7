import Directory
package import FederationAPI
package import HTTPAPI
package import MatrixCore

/// The room that an alias of this server names.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1querydirectory
/// - Errors: 400 `M_MISSING_PARAM`, `M_INVALID_PARAM`; 404 `M_NOT_FOUND`, also for aliases of other servers.
package enum QueryRoomDirectory: Endpoint {
    package static let route = Route(
        "queryRoomDirectory", .get, "/_matrix/federation/v1/query/directory", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let alias: RoomAlias

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            alias = try input.query("room_alias", { RoomAlias($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> DirectoryAnswer {
        guard let found = try await services.directory.resolveHere(request.alias) else {
            throw MatrixError.notFound("Room alias not found")
        }
        return DirectoryAnswer(roomID: found.roomID, servers: found.servers)
    }
}
