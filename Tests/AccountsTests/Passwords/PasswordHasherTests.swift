import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct PasswordHasherTests {
    @Test func refusesWhatIsTooLongAndVerifiesNothingAgainstNothing() async throws {
        let hasher = PasswordHasher(cost: .minimum)
        let long = String(repeating: "x", count: PasswordHash.longestPasswordBytes + 1)
        #expect(try await refusal { _ = try await hasher.hash(long) }?.errcode == .invalidParam)
        #expect(try await !hasher.verify("password", against: nil))
        #expect(try await !hasher.verify("nobody's password", against: nil))
        let hash = try await hasher.hash("pässword\u{0}")
        #expect(try await hasher.verify("pässword\u{0}", against: hash))
        #expect(try await !hasher.verify("pässword", against: hash))
        #expect(try await !hasher.verify("pässword", against: "no hash"))
        await hasher.shutdown()
    }

    @Test func whoComesWhenTooManyWaitIsSentAway() async throws {
        let hasher = PasswordHasher(cost: PasswordCost(operations: 1, memoryBytes: 1 << 20), threadCount: 1)
        let outcomes = try await withThrowingTaskGroup { group in
            for _ in 0..<(PasswordHasher.maxWaiting * 3) {
                group.addTask { try await refusal { _ = try await hasher.hash("password") } }
            }
            return try await group.reduce(into: [MatrixError?]()) { $0.append($1) }
        }
        #expect(outcomes.contains { $0 == nil })
        #expect(outcomes.contains { $0?.errcode == .limitExceeded })
        #expect(outcomes.allSatisfy { $0 == nil || $0?.errcode == .limitExceeded })
        await hasher.shutdown()
    }
}
