import CoreWorkloads
import MatrixCore

/// One message against the push rules of a thousand users, each of whom looks for words of their own.
enum PushScenario {
    private static let userCount = 1_000

    static func run() throws -> [Figures] {
        var figures = Figures("push-rules")
        let event = try JSONDocument(parsing: SampleEvents.message()).root
        let rulesets = (0..<userCount).map(ruleset)
        guard let room = RoomID("!large:\(EventMaker.server)"), let user = UserID("@reader:\(EventMaker.server)") else {
            return []
        }
        func evaluate() -> Int {
            var evaluator = PushRuleEvaluator(
                event: event, room: room, memberCount: userCount, senderLevel: 0, notificationLevels: [:])
            return rulesets.count { evaluator.outcome(for: user, displayName: "Reader", rules: $0)?.notifies == true }
        }
        let limit = MachineLimits.copyNanoseconds(Array(event.rawBytes)) * Double(userCount)
        let time = Meter.best(runs: 5) { MachineLimits.keep(UInt8(evaluate() & 1)) }
        figures.report("rulesets", userCount)
        figures.report("microseconds", time / 1e3)
        figures.report("nanoseconds_per_ruleset", time / Double(userCount))
        figures.report("ratio_to_a_copy_for_each", time / limit)
        figures.report("notified", evaluate())
        figures.judge(
            "allocations_per_ruleset", Allocations.during { _ = evaluate() }.count / userCount,
            atMost: CostLimits.rulesetAllocations)
        return [figures]
    }

    private static func ruleset(_ index: Int) -> PushRuleset {
        let defaults = DefaultPushRules.ruleset
        let words = (0..<3).map { PushRule(id: "word\($0)", pattern: "word\(index)x\($0)", actions: [.notify]) }
        return PushRuleset([
            .override: defaults[.override], .content: words, .underride: defaults[.underride],
        ])
    }
}
