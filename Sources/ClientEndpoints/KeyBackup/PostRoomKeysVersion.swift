package import Encryption
package import HTTPAPI
package import MatrixCore

/// Begins a new backup of room keys.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3room_keysversion
/// - Errors: 400 `M_INVALID_PARAM` when `auth_data` is not what the algorithm asks for; 413 `M_TOO_LARGE`;
///   403 `M_RESOURCE_LIMIT_EXCEEDED` when there are too many.
package enum PostRoomKeysVersion: Endpoint {
    package static let route = Route(
        "postRoomKeysVersion", .post, "/_matrix/client/v3/room_keys/version", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let description: KeyBackupDescription

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            description = try KeyBackupDescription(
                algorithm: input.body("algorithm"), authData: input.body("auth_data"))
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: KeyBackups
    ) async throws -> JSONValue {
        ["version": .string(try await services.create(request.description, for: caller.userNID))]
    }
}
