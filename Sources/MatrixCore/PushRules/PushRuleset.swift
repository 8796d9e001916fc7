/// All rules that apply to a user: the server's and the user's own, in the order in which they are asked.
///
/// It does not hold whose rules they are. Users with equal rules should share one value: a copy is a reference, and what
/// the same value says of an event is worked out once (``PushRuleEvaluator``).
package struct PushRuleset: Sendable {
    private final class Storage: Sendable {
        /// By the kind's position.
        let rules: [[PushRule]]

        init(_ rules: [[PushRule]]) { self.rules = rules }
    }

    private let storage: Storage

    package init(_ rules: [PushRuleKind: [PushRule]]) {
        storage = Storage(PushRuleKind.allCases.map { rules[$0] ?? [] })
    }

    /// The same for all copies of a value, and for no other value while one of them lives.
    var identity: ObjectIdentifier { ObjectIdentifier(storage) }

    package subscript(kind: PushRuleKind) -> [PushRule] { storage.rules[kind.position] }

    /// The same rules as their user sees them: with the user's id where the rules speak of their user.
    package func personal(to user: UserID) -> PushRuleset {
        PushRuleset(
            Dictionary(
                uniqueKeysWithValues: PushRuleKind.allCases.map { kind in
                    (kind, self[kind].map { $0.personal(to: user) })
                }))
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

extension PushRuleset: Hashable {
    package static func == (left: PushRuleset, right: PushRuleset) -> Bool {
        left.storage === right.storage || left.storage.rules == right.storage.rules
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(storage.rules) }
}
