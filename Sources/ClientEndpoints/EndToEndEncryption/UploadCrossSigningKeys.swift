import Accounts
import Encryption
package import HTTPAPI
package import MatrixCore

/// Sets the caller's cross-signing keys. Those that are there are replaced only by who proves to be the user.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload
/// - Errors: 400 `M_INVALID_SIGNATURE`, `M_MISSING_PARAM` without a master key, `M_BAD_JSON`, `M_INVALID_PARAM`; 401 while more
///   authentication is needed; 403 `M_FORBIDDEN` when a key is called like a device; 413 `M_TOO_LARGE`.
package enum UploadCrossSigningKeys: Endpoint {
    package static let route = Route(
        "uploadCrossSigningKeys", .post, "/_matrix/client/v3/keys/device_signing/upload",
        unstable: ["/_matrix/client/unstable/keys/device_signing/upload"])

    package struct Request: RequestDecodable {
        let keys: UncheckedCrossSigningKeys
        let auth: AuthSubmission?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            keys = UncheckedCrossSigningKeys(
                masterKey: try fields.optional("master_key"), selfSigningKey: try fields.optional("self_signing_key"),
                userSigningKey: try fields.optional("user_signing_key"))
            auth = try AuthSubmission(from: fields)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EncryptionEndpointServices
    ) async throws -> EmptyObject {
        let isTrusted = caller.appService != nil
        if try await services.crossSigning.set(request.keys, of: caller.userNID, isAuthorised: isTrusted) {
            return EmptyObject()
        }
        try await services.interactive.authorise(AuthOperation(route, by: caller), with: request.auth)
        _ = try await services.crossSigning.set(request.keys, of: caller.userNID, isAuthorised: true)
        return EmptyObject()
    }
}
