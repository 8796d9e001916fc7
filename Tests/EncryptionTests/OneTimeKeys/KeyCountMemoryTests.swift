import ApusTesting
import Cluster
import Encryption
import MatrixCore
import Postgres
import Storage
import Telemetry
import Testing

@Suite struct KeyCountMemoryTests {
    private func view(of user: UserRecord, _ worker: KeyWorker) async throws -> UserView {
        try await worker.feed.reachPresent(of: [user.shard])
        let watches = UserWatches(
            feed: worker.feed, memberships: MembershipStore(pool: worker.pool), timeouts: Timeouts(clock: worker.clock),
            clock: worker.clock)
        return try await watches.view(of: user)
    }

    @Test func countsAreRememberedUntilSomethingChangesThem() async throws {
        let counter = StatementCounter()
        try await MigratedDatabase.with { database in
            let worker = try await KeyWorker(database, observer: counter)
            let other = try await KeyWorker(database)
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(
                alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<30),
                fallback: ["signed_curve25519:F": phone.oneTimeKey(100)])
            func counts(since: LogVector? = nil) async throws -> (KeyCounts, [String: Int]) {
                let view = try await view(of: alice, worker)
                let found = try await counter.counting {
                    try await worker.counts.counts(of: "PHONE", view, since: since)
                }
                return (found.value, found.statements)
            }
            var (found, statements) = try await counts()
            #expect(
                found.oneTimeKeys == ["signed_curve25519": 30] && found.unusedFallbackTypes == ["signed_curve25519"])
            #expect(statements.askedByRequests == ["device_keys.counts": 1])
            (found, statements) = try await counts()
            #expect(found.oneTimeKeys == ["signed_curve25519": 30] && statements.askedByRequests.isEmpty)
            // Other workers give keys out and take keys in.
            let start = worker.feed.heads
            _ = try await other.claim(alice, "PHONE")
            (found, statements) = try await counts(since: start)
            #expect(found.oneTimeKeys == ["signed_curve25519": 29] && !found.isNews)
            _ = try await other.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(40..<41))
            (found, _) = try await counts(since: start)
            #expect(found.oneTimeKeys == ["signed_curve25519": 30] && !found.isNews)
            for _ in 0..<12 { _ = try await other.claim(alice, "PHONE") }
            (found, _) = try await counts(since: start)
            #expect(found.oneTimeKeys == ["signed_curve25519": 18] && found.isNews)
            (found, statements) = try await counts(since: worker.feed.heads)
            #expect(!found.isNews && statements.askedByRequests.isEmpty)
            // A key that goes to nobody is no change.
            for _ in 0..<18 { _ = try await other.claim(alice, "PHONE") }
            #expect(try await other.claim(alice, "PHONE") == "signed_curve25519:F")
            (found, _) = try await counts()
            #expect(found.oneTimeKeys == ["signed_curve25519": 0] && found.unusedFallbackTypes == [])
            _ = try await other.claim(alice, "PHONE")
            (_, statements) = try await counts()
            #expect(statements.askedByRequests.isEmpty)
            try await other.close("PHONE", of: alice)
            (found, _) = try await counts()
            #expect(found.oneTimeKeys == ["signed_curve25519": 0])
            await worker.pool.close()
            await other.pool.close()
        }
    }
}
