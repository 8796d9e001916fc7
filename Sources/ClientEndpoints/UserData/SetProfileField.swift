package import Accounts
package import HTTPAPI
package import MatrixCore

/// Sets a field of the caller's profile.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname
/// - Errors: 403 `M_FORBIDDEN`, `M_USER_SUSPENDED`; 400 `M_PROFILE_TOO_LARGE`, `M_KEY_TOO_LARGE`, `M_MISSING_PARAM`.
package enum SetProfileField: Endpoint {
    package static let route = Route(
        "setProfileField", .put, "/_matrix/client/v3/profile/{userId}/{keyName}", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let target: ProfileFieldRequest
        let value: JSONView

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            target = try ProfileFieldRequest(from: input)
            guard let value = try input.body()[target.field.name] else { throw .missingParam(target.field.name) }
            self.value = value
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try await services.profiles.set(
            request.target.field, to: request.value, of: request.target.userID, by: caller)
        return EmptyObject()
    }
}
