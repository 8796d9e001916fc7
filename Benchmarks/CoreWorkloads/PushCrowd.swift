import MatrixCore

/// One message against the push rules of many users.
package struct PushCrowd: Sendable {
    package let userCount: Int
    private let message: JSONView
    private let room: RoomID
    private let reader: UserID
    private let rulesets: [PushRuleset]

    /// - Parameter rulesetCount: sets of rules that the users share evenly, each of which looks for words of its own.
    package init(userCount: Int, rulesetCount: Int) throws {
        guard let room = RoomID("!large:\(EventMaker.server)"), let reader = UserID("@reader:\(EventMaker.server)")
        else { throw PDUError.malformed(.sender) }
        self.userCount = userCount
        self.room = room
        self.reader = reader
        message = try JSONDocument(parsing: SampleEvents.message()).root
        rulesets = (0..<rulesetCount).map(Self.ruleset)
    }

    /// Bytes of the message.
    package var messageBytes: [UInt8] { Array(message.rawBytes) }

    /// - Returns: how many users are notified, and how many rules had to be asked for that.
    package func evaluate() -> (notified: Int, asked: Int) {
        var evaluator = PushRuleEvaluator(
            event: message, room: room, memberCount: userCount, senderLevel: 0, notificationLevels: [:])
        var notified = 0
        for index in 0..<userCount {
            let rules = rulesets[index % rulesets.count]
            if evaluator.outcome(for: reader, displayName: "Reader", rules: rules)?.notifies == true { notified += 1 }
        }
        return (notified, evaluator.askedRules)
    }

    private static func ruleset(_ index: Int) -> PushRuleset {
        let defaults = DefaultPushRules.ruleset
        let words = (0..<3).map { PushRule(id: "word\($0)", pattern: "word\(index)x\($0)", actions: [.notify]) }
        return PushRuleset([
            .override: defaults[.override], .content: words, .underride: defaults[.underride],
        ])
    }
}
