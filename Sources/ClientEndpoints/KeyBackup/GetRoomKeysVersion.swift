package import Encryption
package import HTTPAPI

/// Tells of a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversionversion
/// - Errors: 404 `M_NOT_FOUND`.
package enum GetRoomKeysVersion: Endpoint {
    package static let route = Route(
        "getRoomKeysVersion", .get, "/_matrix/client/v3/room_keys/version/{version}", rateLimit: .requests)

    package static func handle(
        _ request: KeyBackupVersionRequest, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupResponse {
        KeyBackupResponse(backup: try await services.backup(request.version, of: caller.userNID))
    }
}
