package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// Gives a room an alias of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias
/// - Errors: 409 `M_UNKNOWN` when it is taken, 400 `M_INVALID_PARAM`, 403 `M_FORBIDDEN` for who is not in the room.
package enum SetRoomAlias: Endpoint {
    package static let route = Route(
        "setRoomAlias", .put, "/_matrix/client/v3/directory/room/{roomAlias}", suspended: false)

    package struct Request: RequestDecodable {
        let alias: RoomAlias
        let roomID: RoomID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            alias = try input.path("roomAlias", { RoomAlias($0) })
            roomID = try input.body("room_id", { RoomID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> EmptyObject {
        try await directory.add(request.alias, to: request.roomID, by: try await directory.rooms.user(caller.userNID))
        return EmptyObject()
    }
}
