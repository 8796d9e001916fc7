/// What one set of rules says about one event, to everybody who has these rules.
///
/// Most rules say the same to all users. What they leave open is at most a few rules that ask for something of the user:
/// their id, or their name in the room.
package struct PushVerdict: Sendable {
    /// A rule that matches a user for whom the rest of its conditions holds.
    struct Candidate: Sendable {
        let outcome: PushOutcome
        let tests: [PushCondition.Test]
    }

    /// In the order of the rules; the first that matches counts.
    let candidates: [Candidate]
    /// For users whom no candidate matches; `nil` when no rule matches them.
    package let common: PushOutcome?

    /// Whether it may say different things to different users.
    package var isPersonal: Bool { !candidates.isEmpty }

    /// Whether it takes a user's name in the room to tell what it says to them.
    package var asksForDisplayName: Bool {
        candidates.contains { $0.tests.contains(.containsDisplayName) }
    }
}
