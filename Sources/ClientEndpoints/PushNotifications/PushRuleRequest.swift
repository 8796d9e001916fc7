package import HTTPAPI
package import MatrixCore

/// A request about one push rule of the caller.
package struct PushRuleRequest: RequestDecodable {
    let kind: PushRuleKind
    let ruleID: String

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        kind = try input.path("kind", { PushRuleKind(rawValue: $0) })
        ruleID = try input.path("ruleId")
    }
}
