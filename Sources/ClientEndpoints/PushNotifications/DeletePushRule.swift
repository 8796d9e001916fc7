package import HTTPAPI
import MatrixCore
import Push

/// Removes a push rule of the caller's own.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule.
package enum DeletePushRule: Endpoint {
    package static let route = Route(
        "deletePushRule", .delete, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}")

    package static func handle(
        _ request: PushRuleRequest, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        let rule = request
        try await services.rules.change(of: caller.userNID) { (changes, _) throws(PushRuleError) in
            try changes.remove(rule.kind, rule.ruleID)
        }
        return EmptyObject()
    }
}
