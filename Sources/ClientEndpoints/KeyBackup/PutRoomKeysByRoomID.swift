package import Encryption
package import HTTPAPI
package import MatrixCore

/// Backs up keys of a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomid
/// - Errors: 404 `M_NOT_FOUND` when there is no such backup; 403 `M_WRONG_ROOM_KEYS_VERSION` when it is not the newest;
///   400 `M_INVALID_PARAM`; 413 `M_TOO_LARGE`; 403 `M_RESOURCE_LIMIT_EXCEEDED` when the backup is full.
package enum PutRoomKeysByRoomID: Endpoint {
    package static let route = Route(
        "putRoomKeysByRoomId", .put, "/_matrix/client/v3/room_keys/keys/{roomId}", rateLimit: .requests,
        body: .largeJSON)

    package struct Request: RequestDecodable {
        let version: String
        let keys: KeyBackupBatch

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            version = try input.query("version")
            var keys = KeyBackupBatch()
            try keys.add(room: input.path("roomId"), from: input.fields())
            self.keys = keys
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: KeyBackups
    ) async throws -> KeyBackupContentsResponse {
        KeyBackupContentsResponse(
            contents: try await services.put(request.keys, in: request.version, of: caller.userNID))
    }
}
