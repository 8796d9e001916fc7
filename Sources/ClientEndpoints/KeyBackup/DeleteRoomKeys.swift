package import Encryption
package import HTTPAPI

/// Deletes all keys of a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeys
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup. Keys that are not there are no error.
package enum DeleteRoomKeys: Endpoint {
    package static let route = Route(
        "deleteRoomKeys", .delete, "/_matrix/client/v3/room_keys/keys", rateLimit: .requests)

    package static func handle(
        _ request: AllRoomKeys, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupContentsResponse {
        KeyBackupContentsResponse(
            contents: try await services.deleteKeys(in: request.version, of: caller.userNID))
    }
}
