package import HTTPAPI
package import MatrixCore
import Push

/// Changes what a push rule of the caller does.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule. 400 `M_INVALID_PARAM` for actions that are none.
package enum SetPushRuleActions: PushRuleSetter {
    package static let route = Route(
        "setPushRuleActions", .put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions")

    package static let attribute = "actions"

    package static func set(
        _ value: JSONValue, of rule: PushRuleRequest, in changes: inout PushRuleChanges, _ rules: PushRuleset
    ) throws(PushRuleError) {
        try changes.setActions(rule.kind, rule.ruleID, value, in: rules)
    }
}
