package import Encryption
package import HTTPAPI

/// Tells the key of a session in a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomidsessionid
/// - Errors: 404 `M_NOT_FOUND` when the backup does not have it.
package enum GetRoomKeyBySessionID: Endpoint {
    package static let route = Route(
        "getRoomKeyBySessionId", .get, "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}", rateLimit: .requests)

    package static func handle(
        _ request: KeyOfSession, from caller: LocalUser, with services: KeyBackups
    ) async throws -> RawJSON {
        RawJSON(
            try await services.key(
                room: request.roomID, session: request.sessionID, in: request.version, of: caller.userNID))
    }
}
