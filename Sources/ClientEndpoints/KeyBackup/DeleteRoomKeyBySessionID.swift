package import Encryption
package import HTTPAPI

/// Deletes the key of a session in a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomidsessionid
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup. Keys that are not there are no error.
package enum DeleteRoomKeyBySessionID: Endpoint {
    package static let route = Route(
        "deleteRoomKeyBySessionId", .delete, "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}",
        rateLimit: .requests)

    package static func handle(
        _ request: KeyOfSession, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupContentsResponse {
        KeyBackupContentsResponse(
            contents: try await services.deleteKeys(
                room: request.roomID, session: request.sessionID, in: request.version, of: caller.userNID))
    }
}
