package import Encryption
package import HTTPAPI

/// Deletes the keys of a room in a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomid
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup. Keys that are not there are no error.
package enum DeleteRoomKeysByRoomID: Endpoint {
    package static let route = Route(
        "deleteRoomKeysByRoomId", .delete, "/_matrix/client/v3/room_keys/keys/{roomId}", rateLimit: .requests)

    package static func handle(
        _ request: KeysOfRoom, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupContentsResponse {
        KeyBackupContentsResponse(
            contents: try await services.deleteKeys(
                room: request.roomID, in: request.version, of: caller.userNID))
    }
}
