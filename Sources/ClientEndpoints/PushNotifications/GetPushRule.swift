package import HTTPAPI
package import MatrixCore
import Push

/// Tells one push rule of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleid
/// - Errors: 404 `M_NOT_FOUND` when there is no such rule.
package enum GetPushRule: Endpoint {
    package static let route = Route(
        "getPushRule", .get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}")

    package static func handle(
        _ request: PushRuleRequest, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> JSONValue {
        let rules = try await services.rules.ruleset(of: caller.userNID)
        guard let rule = rules.rule(request.kind, request.ruleID) else { throw PushRuleError.notFound }
        return rule.json(kind: request.kind)
    }
}
