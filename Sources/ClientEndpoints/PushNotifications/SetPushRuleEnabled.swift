package import HTTPAPI
package import MatrixCore
import Push

/// Enables or disables a push rule of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule.
package enum SetPushRuleEnabled: PushRuleSetter {
    package static let route = Route(
        "setPushRuleEnabled", .put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled")

    package static let attribute = "enabled"

    package static func set(
        _ value: Bool, of rule: PushRuleRequest, in changes: inout PushRuleChanges, _ rules: PushRuleset
    ) throws(PushRuleError) {
        try changes.setEnabled(rule.kind, rule.ruleID, value, in: rules)
    }
}
