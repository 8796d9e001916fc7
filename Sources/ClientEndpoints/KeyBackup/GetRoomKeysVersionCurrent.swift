package import Encryption
package import HTTPAPI

/// Tells of the caller's newest backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversion
/// - Errors: 404 `M_NOT_FOUND` when there is none.
package enum GetRoomKeysVersionCurrent: Endpoint {
    package static let route = Route(
        "getRoomKeysVersionCurrent", .get, "/_matrix/client/v3/room_keys/version", rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupResponse {
        KeyBackupResponse(backup: try await services.backup(nil, of: caller.userNID))
    }
}
