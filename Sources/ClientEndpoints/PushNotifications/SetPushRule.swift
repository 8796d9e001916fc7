package import HTTPAPI
package import MatrixCore
import Push

/// Adds a push rule of the caller's own, or changes one.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
/// - Errors: 400 `M_INVALID_PARAM` for a rule that is none; 400 `M_UNKNOWN` when `before` or `after` names no rule.
package enum SetPushRule: Endpoint {
    package static let route = Route(
        "setPushRule", .put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let rule: PushRuleRequest
        let body: JSONValue
        let before: String?
        let after: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            rule = try PushRuleRequest(from: input)
            body = try input.body().root.value()
            before = input.query(optional: "before")
            after = input.query(optional: "after")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        let rule = request.rule
        try await services.rules.change(of: caller.userNID) { (changes, _) throws(PushRuleError) in
            try changes.put(
                rule.kind, rule.ruleID, body: request.body, before: request.before, after: request.after)
        }
        return EmptyObject()
    }
}
