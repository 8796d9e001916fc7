package import Encryption
package import HTTPAPI

/// Tells the keys of a room in a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomid
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup.
package enum GetRoomKeysByRoomID: Endpoint {
    package static let route = Route(
        "getRoomKeysByRoomId", .get, "/_matrix/client/v3/room_keys/keys/{roomId}", rateLimit: .requests)

    package static func handle(
        _ request: KeysOfRoom, from caller: LocalUser, with services: KeyBackups
    ) async throws -> ServerResponse {
        try await services.keys(in: request.version, room: request.roomID, of: caller.userNID).response()
    }
}
