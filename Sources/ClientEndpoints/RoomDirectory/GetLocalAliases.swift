package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// The aliases that this server gave a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidaliases
/// - Errors: 403 `M_FORBIDDEN` for who may not read the room.
package enum GetLocalAliases: Endpoint {
    package static let route = Route(
        "getLocalAliases", .get, "/_matrix/client/v3/rooms/{roomId}/aliases", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
        }
    }

    package struct Response: JSONResponse {
        let aliases: [RoomAlias]

        package func write(to json: inout JSONWriter) {
            json.object { $0.field("aliases", strings: aliases.map(\.description)) }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> Response {
        let user = try await directory.rooms.user(caller.userNID)
        return Response(
            aliases: try await directory.aliases(
                of: request.roomID, for: user, isAdministrator: caller.isAdministrator))
    }
}
