/// All rules that apply to a user: the server's and the user's own, in the order in which they are asked.
package struct PushRuleset: Hashable, Sendable {
    /// By the kind's position.
    private var rules: [[PushRule]]

    package init(_ rules: [PushRuleKind: [PushRule]]) { self.rules = PushRuleKind.allCases.map { rules[$0] ?? [] } }

    package subscript(kind: PushRuleKind) -> [PushRule] {
        get { rules[kind.position] }
        set { rules[kind.position] = newValue }
    }

    package func rule(_ kind: PushRuleKind, _ id: String) -> PushRule? { self[kind].first { $0.id == id } }

    /// What `GET /pushrules/global/` answers: the rules by kind.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            for kind in PushRuleKind.allCases {
                $0.key(kind.rawValue)
                write(kind, to: &$0)
            }
        }
    }

    /// The rules of one kind.
    package func write(_ kind: PushRuleKind, to writer: inout JSONWriter) {
        writer.array { for rule in self[kind] { $0.value(rule.json(kind: kind)) } }
    }

    /// The content of the account data event `m.push_rules`, which is also what `GET /pushrules/` answers.
    package var content: [UInt8] {
        JSONWriter.write { writer in
            writer.object {
                $0.key("global")
                write(to: &$0)
            }
        }
    }
}
