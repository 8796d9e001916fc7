package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// Puts a room on the public list, or takes it off.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid
/// - Errors: 404 `M_NOT_FOUND`, 403 `M_FORBIDDEN` for who may not name the room.
package enum SetRoomVisibilityOnDirectory: Endpoint {
    package static let route = Route(
        "setRoomVisibilityOnDirectory", .put, "/_matrix/client/v3/directory/list/room/{roomId}", suspended: false)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let isPublished: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            isPublished = try input.body(optional: "visibility", { ["public": true, "private": false][$0] }) ?? true
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> EmptyObject {
        let user = try await directory.rooms.user(caller.userNID)
        try await directory.setPublished(
            request.isPublished, request.roomID, by: user, isAdministrator: caller.isAdministrator)
        return EmptyObject()
    }
}
