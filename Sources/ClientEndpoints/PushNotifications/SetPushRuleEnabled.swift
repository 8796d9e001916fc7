package import HTTPAPI
package import MatrixCore
import Push

/// Enables or disables a push rule of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule.
package enum SetPushRuleEnabled: Endpoint {
    package static let route = Route(
        "setPushRuleEnabled", .put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled")

    package struct Request: RequestDecodable {
        let rule: PushRuleRequest
        let isEnabled: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            rule = try PushRuleRequest(from: input)
            isEnabled = try input.body("enabled")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        let rule = request.rule
        try await services.rules.change(of: caller.userNID) { (changes, rules) throws(PushRuleError) in
            try changes.setEnabled(rule.kind, rule.ruleID, request.isEnabled, in: rules)
        }
        return EmptyObject()
    }
}
