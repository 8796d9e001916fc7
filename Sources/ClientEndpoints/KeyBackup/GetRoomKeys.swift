package import Encryption
package import HTTPAPI

/// Tells all keys of a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeys
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup.
package enum GetRoomKeys: Endpoint {
    package static let route = Route(
        "getRoomKeys", .get, "/_matrix/client/v3/room_keys/keys", rateLimit: .requests)

    package static func handle(
        _ request: AllRoomKeys, from caller: LocalUser, with services: KeyBackups
    ) async throws -> ServerResponse {
        try await services.keys(in: request.version, of: caller.userNID).response()
    }
}
