import Cluster
import MatrixCore
import Push
import Storage
import Testing

@Suite struct PushRulesTests {
    @Test func changesAreKeptAndToldInTheLog() async throws {
        try await PushFixture.with { server in
            let bob = try await server.user("bob")
            let before = server.feed.heads
            try await server.rules.change(of: bob.nid) { (changes, rules) throws(PushRuleError) in
                try changes.setEnabled(.override, ".m.rule.master", true, in: rules)
            }
            #expect(try await server.rules.ruleset(of: bob.nid).rule(.override, ".m.rule.master")?.isEnabled == true)
            #expect(server.feed.heads[bob.shard] == before[bob.shard] + 1)
            await #expect(throws: PushRuleError.notFound) {
                try await server.rules.change(of: bob.nid) { (changes, _) throws(PushRuleError) in
                    try changes.remove(.room, "!nothing")
                }
            }
        }
    }

    @Test func changesAtTheSameTimeAreAllKept() async throws {
        try await PushFixture.with { server in
            let bob = try await server.user("bob")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await server.rules.change(of: bob.nid) { (changes, _) throws(PushRuleError) in
                            try changes.put(.content, "rule\(number)", body: ["pattern": "x", "actions": ["notify"]])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let ids = try await server.rules.ruleset(of: bob.nid)[.content].map(\.id)
            #expect(Set(ids) == Set((0..<6).map { "rule\($0)" }))
        }
    }
}
