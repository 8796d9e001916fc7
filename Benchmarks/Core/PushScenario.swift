import CoreWorkloads
import MatrixCore

/// One message against the push rules of a thousand users, each of whom looks for words of their own.
enum PushScenario {
    static func run() throws -> [Figures] {
        var figures = Figures("push-rules")
        let crowd = try PushCrowd(userCount: 1_000, rulesetCount: 1_000)
        let limit = MachineLimits.copyNanoseconds(crowd.messageBytes) * Double(crowd.userCount)
        let time = Meter.best(runs: 5) { MachineLimits.keep(UInt8(crowd.evaluate().notified & 1)) }
        figures.report("rulesets", crowd.userCount)
        figures.report("microseconds", time / 1e3)
        figures.report("nanoseconds_per_ruleset", time / Double(crowd.userCount))
        figures.report("ratio_to_a_copy_for_each", time / limit)
        figures.report("notified", crowd.evaluate().notified)
        figures.judge(
            "allocations_per_ruleset", Allocations.during { _ = crowd.evaluate() }.count / crowd.userCount,
            atMost: CostLimits.rulesetAllocations)
        return [figures]
    }
}
