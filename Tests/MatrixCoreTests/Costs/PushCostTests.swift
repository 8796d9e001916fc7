import CoreWorkloads
import MatrixCore
import Testing

/// What one message costs in a room whose members have push rules of their own.
@Suite struct PushCostTests {
    /// Rules that the defaults have are asked in each set again: what a set asks does not depend on how many others there are.
    @Test func rulesAreAskedOnceForEachSet() throws {
        let one = try PushCrowd(userCount: 1_000, rulesetCount: 1).evaluate()
        #expect(one.notified == 1_000)
        #expect(one.asked <= CostLimits.rulesAskedOfASet)
        #expect(try PushCrowd(userCount: 1_000, rulesetCount: 20).evaluate().asked == 20 * one.asked)
        #expect(try PushCrowd(userCount: 10_000, rulesetCount: 20).evaluate().asked == 20 * one.asked)
    }

    @Test(.enabled(if: Allocations.areCounted)) func aSetTakesFewAllocations() throws {
        let crowd = try PushCrowd(userCount: 200, rulesetCount: 200)
        _ = crowd.evaluate()
        let found = Allocations.during { _ = crowd.evaluate() }
        #expect(found.count <= CostLimits.rulesetAllocations * crowd.userCount)
    }

    @Test(.enabled(if: Allocations.areCounted)) func whoSharesASetCostsNothing() throws {
        let few = try PushCrowd(userCount: 10, rulesetCount: 1)
        let many = try PushCrowd(userCount: 1_010, rulesetCount: 1)
        // What is made once for the whole process is no part of it.
        _ = few.evaluate()
        let first = Allocations.during { _ = few.evaluate() }
        let all = Allocations.during { _ = many.evaluate() }
        #expect(all.count == first.count)
    }
}
