package import Encryption
package import HTTPAPI

/// Deletes a backup with all keys in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keysversionversion
/// - Errors: 404 `M_NOT_FOUND` when there never was such a backup.
package enum DeleteRoomKeysVersion: Endpoint {
    package static let route = Route(
        "deleteRoomKeysVersion", .delete, "/_matrix/client/v3/room_keys/version/{version}", rateLimit: .requests)

    package static func handle(
        _ request: KeyBackupVersionRequest, from caller: LocalUser, with services: KeyBackups
    ) async throws -> EmptyObject {
        try await services.delete(request.version, of: caller.userNID)
        return EmptyObject()
    }
}
