package import HTTPAPI
package import MatrixCore
import Push

/// An endpoint that sets one attribute of a push rule.
package protocol PushRuleSetter: Endpoint
where Caller == LocalUser, Request == PushRuleSetting<Self>, Response == EmptyObject, Services == PushEndpointServices {
    associatedtype Value: JSONReadable, Sendable

    /// The attribute's name in the body.
    static var attribute: String { get }

    static func set(
        _ value: Value, of rule: PushRuleRequest, in changes: inout PushRuleChanges, _ rules: PushRuleset
    ) throws(PushRuleError)
}

/// A push rule of the caller, and the value that an attribute of it is to have.
package struct PushRuleSetting<Setter: PushRuleSetter>: RequestDecodable {
    let rule: PushRuleRequest
    let value: Setter.Value

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        rule = try PushRuleRequest(from: input)
        value = try input.body(Setter.attribute)
    }
}

extension PushRuleSetter {
    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        try await services.rules.change(of: caller.userNID) { (changes, rules) throws(PushRuleError) in
            try set(request.value, of: request.rule, in: &changes, rules)
        }
        return EmptyObject()
    }
}
