/// What a client still has to show before a sensitive request is done: user-interactive authentication.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api
package struct InteractiveChallenge: Sendable, Equatable {
    /// Ways to succeed; each is the stages to complete, in order.
    package let flows: [[String]]
    /// What the stages need to know, by stage.
    package let params: [String: JSONValue]
    package let session: String
    package let completed: [String]

    package init(flows: [[String]], params: [String: JSONValue] = [:], session: String, completed: [String] = []) {
        self.flows = flows
        self.params = params
        self.session = session
        self.completed = completed
    }

    /// The 401 to throw.
    ///
    /// - Parameter failure: why the stage that was just tried did not succeed; the client may try it again.
    package func error(after failure: MatrixError? = nil) -> MatrixError {
        var fields: [String: JSONValue] = [
            "flows": .array(flows.map { .object(["stages": .array($0.map(JSONValue.string))]) }),
            "params": .object(params), "session": .string(session),
        ]
        if !completed.isEmpty { fields["completed"] = .array(completed.map(JSONValue.string)) }
        return .challenge(fields, errcode: failure?.errcode, message: failure?.message ?? "")
    }
}
