import Accounts
package import HTTPAPI
package import MatrixCore

/// Makes a token with which people may register.
///
/// - Spec: https://element-hq.github.io/synapse/latest/usage/administration/admin_api/registration_tokens.html
/// - Errors: 400 `M_INVALID_PARAM`.
package enum CreateRegistrationToken: Endpoint {
    package static let route = Route(
        "createRegistrationToken", .post, "/_synapse/admin/v1/registration_tokens/new")

    package struct Request: RequestDecodable {
        let token: String?
        let length: Int?
        let usesAllowed: Int64?
        let expiresMilliseconds: Int64?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            token = try fields.optional("token")
            length = try fields.optional("length")
            usesAllowed = try fields.optional("uses_allowed")
            expiresMilliseconds = try fields.optional("expiry_time")
        }
    }

    package static func handle(
        _ request: Request, from caller: Administrator, with services: AdminServices
    ) async throws -> JSONValue {
        let token = try await services.accounts.registration.makeToken(
            request.token, length: request.length ?? Registration.chosenTokenLength, usesAllowed: request.usesAllowed,
            expiresMilliseconds: request.expiresMilliseconds)
        return [
            "token": .string(token.text), "uses_allowed": token.usesAllowed.map { .integer(Int64($0)) } ?? .null,
            "pending": 0, "completed": 0, "expiry_time": token.expiresMilliseconds.map { .integer($0) } ?? .null,
        ]
    }
}
