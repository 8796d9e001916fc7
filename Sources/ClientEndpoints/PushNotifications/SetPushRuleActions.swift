package import HTTPAPI
package import MatrixCore
import Push

/// Changes what a push rule of the caller does.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule. 400 `M_INVALID_PARAM` for actions that are none.
package enum SetPushRuleActions: Endpoint {
    package static let route = Route(
        "setPushRuleActions", .put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions")

    package struct Request: RequestDecodable {
        let rule: PushRuleRequest
        let actions: JSONValue

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            rule = try PushRuleRequest(from: input)
            actions = try input.body("actions")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        let rule = request.rule
        try await services.rules.change(of: caller.userNID) { (changes, rules) throws(PushRuleError) in
            try changes.setActions(rule.kind, rule.ruleID, request.actions, in: rules)
        }
        return EmptyObject()
    }
}
