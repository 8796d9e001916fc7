package import Encryption
package import HTTPAPI
package import MatrixCore

/// Changes the `auth_data` of a backup.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keysversionversion
/// - Errors: 404 `M_NOT_FOUND`; 400 `M_INVALID_PARAM` when the algorithm or the version in the body is another one.
package enum PutRoomKeysVersion: Endpoint {
    package static let route = Route(
        "putRoomKeysVersion", .put, "/_matrix/client/v3/room_keys/version/{version}", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let version: String
        let description: KeyBackupDescription

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            version = try input.path("version")
            description = try KeyBackupDescription(
                algorithm: input.body("algorithm"), authData: input.body("auth_data"))
            if let named: String = try input.body(optional: "version"), named != version {
                throw .invalidParam("The version in the body is another one")
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: KeyBackups
    ) async throws -> EmptyObject {
        try await services.update(request.version, request.description, of: caller.userNID)
        return EmptyObject()
    }
}
