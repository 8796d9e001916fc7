import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Synchronization
import Telemetry
import Testing

@Suite struct PasswordLoginTests {
    @Test(arguments: ["alice", "Alice", "@alice:example.org", "@ALICE:example.org"])
    func logsInByNameOrID(_ name: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                _ = try await worker.register("alice")
                #expect(try await worker.logIn(name).userID.description == "@alice:example.org")
            }
        }
    }

    @Test(arguments: [
        ("alice", "wrong"), ("alice", ""), ("nobody", "correct horse"), ("@alice:elsewhere.org", "correct horse"),
        ("@alice", "correct horse"), ("al:ice", "correct horse"), ("", "correct horse"),
        ("al\u{0}ice", "correct horse"),
    ])
    func refusesAllTheSame(_ name: String, _ password: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                _ = try await worker.register("alice")
                let error = try await refusal { _ = try await worker.logIn(name, password: password) }
                #expect(error == .forbidden("Invalid username or password"))
            }
        }
    }

    @Test func aDeviceThatLogsInAgainLosesItsTokensAndNothingElse() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let first = try await worker.register("alice", device: "PHONE")
                let user = try await worker.user(first)
                try await worker.services.devices.rename("PHONE", of: user, to: "My phone")
                let second = try await worker.services.login.logIn(
                    .user("alice"), password: "correct horse", device: try worker.request("PHONE", name: "Another name")
                )
                #expect(try await refusal { _ = try await worker.user(first) }?.errcode == .unknownToken)
                #expect(try await worker.user(second).deviceID == "PHONE")
                let devices = try await worker.stores.devices.devices(of: user.userNID)
                #expect(devices.map(\.displayName) == ["My phone"])
            }
        }
    }

    @Test func aLoginThatAChangeOfPasswordOvertookFails() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice")
                let user = try await worker.interning.user(session.userID)
                let checked = try #require(try await worker.stores.accounts.account(of: user.nid)?.passwordHash)
                try await worker.services.lifecycle.changePassword(
                    of: try await worker.user(session), to: "another", closesOtherDevices: true)
                let error = try await refusal {
                    _ = try await worker.services.devices.open(try worker.request(), for: user, verifiedHash: checked)
                }
                #expect(error?.errcode == .forbidden)
                #expect(try await worker.stores.devices.devices(of: user.nid).count == 1)
            }
        }
    }

    @Test func attemptsOnAnAccountAreLimited() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(limiter: CountingLimiter(3)) { worker in
                _ = try await worker.register("alice")
                for _ in 0..<3 {
                    let error = try await refusal { _ = try await worker.logIn("alice", password: "wrong") }
                    #expect(error?.errcode == .forbidden)
                }
                let error = try await refusal { _ = try await worker.logIn("alice") }
                #expect(error?.errcode == .limitExceeded)
            }
        }
    }

    @Test func hashesOfAnotherCostAreMadeAnew() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                _ = try await worker.register("alice")
                let user = try await worker.interning.user(UserID("@alice:example.org")!)
                let old = try #require(try await worker.stores.accounts.account(of: user.nid)?.passwordHash)
                let costlier = PasswordHasher(cost: PasswordCost(operations: 2, memoryBytes: 16 << 10))
                let check = PasswordCheck(
                    accounts: worker.stores.accounts, interning: worker.interning, hasher: costlier)
                #expect(try await check.verify("wrong", of: user.userID) == nil)
                #expect(try await worker.stores.accounts.account(of: user.nid)?.passwordHash == old)
                let verified = try await check.verify("correct horse", of: user.userID)
                let new = try #require(try await worker.stores.accounts.account(of: user.nid)?.passwordHash)
                #expect(new != old && verified?.passwordHash == new && !costlier.needsRenewal(new))
                await costlier.shutdown()
            }
        }
    }
}

/// Lets each subject pass so many times.
private final class CountingLimiter: RateLimiter {
    private let limit: Int
    private let counts = Mutex<[RateLimitSubject: Int]>([:])

    init(_ limit: Int) { self.limit = limit }

    func wait(for subject: RateLimitSubject, in budget: RateLimitClass) -> Duration? {
        counts.withLock { counts in
            counts[subject, default: 0] += 1
            return counts[subject, default: 0] > limit ? .seconds(1) : nil
        }
    }
}
