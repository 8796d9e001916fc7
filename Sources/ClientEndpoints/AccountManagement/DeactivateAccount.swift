package import Accounts
package import HTTPAPI
package import MatrixCore

/// Ends the caller's account for good.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
/// - Errors: 401 while more authentication is needed.
package enum DeactivateAccount: Endpoint {
    package static let route = Route(
        "deactivateAccount", .post, "/_matrix/client/v3/account/deactivate", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let erase: Bool
        let auth: AuthSubmission?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            erase = try fields.optional("erase") ?? false
            auth = try AuthSubmission(from: fields)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUserOrAnyone, with services: AccountServices
    ) async throws -> JSONValue {
        guard let user = caller.user else { throw MatrixError.missingToken }
        try await services.interactive.authorise(AuthOperation(route, by: user), with: request.auth)
        try await services.lifecycle.deactivate(user.userNID, erase: request.erase)
        // Accounts have no third-party identifiers, so there is nothing that an identity server could keep.
        return ["id_server_unbind_result": "success"]
    }
}
