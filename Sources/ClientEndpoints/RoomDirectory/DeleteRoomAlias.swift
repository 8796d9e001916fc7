package import Directory
package import HTTPAPI
import MatrixCore
import Rooms

/// Takes an alias away.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias
/// - Errors: 404 `M_NOT_FOUND`, 403 `M_FORBIDDEN` for who neither made it nor may name the room.
package enum DeleteRoomAlias: Endpoint {
    package static let route = Route("deleteRoomAlias", .delete, "/_matrix/client/v3/directory/room/{roomAlias}")

    package typealias Request = AliasRequest

    package static func handle(
        _ request: AliasRequest, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> EmptyObject {
        let user = try await directory.rooms.user(caller.userNID)
        try await directory.remove(request.alias, by: user, isAdministrator: caller.isAdministrator)
        return EmptyObject()
    }
}
