import HTTPAPI
import HTTPTypes
import MatrixCore
import Telemetry
import Testing

private enum Limited: Endpoint {
    static let route = Route("limited", .get, "/limited", rateLimit: .messages)
    static func handle(_ request: EmptyRequest, from caller: LocalUser, with services: Void) async throws -> EmptyObject
    {
        EmptyObject()
    }
}

private enum Unlimited: Endpoint {
    static let route = Route("unlimited", .get, "/unlimited")
    static func handle(_ request: EmptyRequest, from caller: LocalUser, with services: Void) async throws -> EmptyObject
    {
        EmptyObject()
    }
}

@Suite struct RateLimitTests {
    private let bob = RateLimitSubject.address("192.0.2.7")

    @Test func aBurstThenARate() {
        let clock = ManualClock()
        let buckets = TokenBuckets([.messages: RateBudget(perSecond: 2, burst: 3)], clock: clock)
        for _ in 0..<3 { #expect(buckets.wait(for: bob, in: .messages) == nil) }
        #expect(buckets.wait(for: bob, in: .messages) == .milliseconds(500))
        clock.advance(by: .milliseconds(400))
        #expect(buckets.wait(for: bob, in: .messages) == .milliseconds(100))
        clock.advance(by: .milliseconds(100))
        #expect(buckets.wait(for: bob, in: .messages) == nil)
        #expect(buckets.wait(for: bob, in: .messages) == .milliseconds(500))
    }

    @Test func budgetsAndSubjectsAreApart() {
        let buckets = TokenBuckets(
            [.messages: RateBudget(perSecond: 1, burst: 1), .joins: RateBudget(perSecond: 1, burst: 1)],
            clock: ManualClock())
        #expect(buckets.wait(for: bob, in: .messages) == nil)
        #expect(buckets.wait(for: bob, in: .joins) == nil)
        #expect(buckets.wait(for: .address("192.0.2.8"), in: .messages) == nil)
        #expect(buckets.wait(for: bob, in: .messages) != nil)
        #expect(buckets.wait(for: bob, in: .logins) == nil)
    }

    @Test func restingDoesNotSaveUpMoreThanABurst() {
        let clock = ManualClock()
        let buckets = TokenBuckets([.messages: RateBudget(perSecond: 1, burst: 2)], clock: clock)
        clock.advance(by: .seconds(3600))
        #expect(buckets.wait(for: bob, in: .messages) == nil)
        #expect(buckets.wait(for: bob, in: .messages) == nil)
        #expect(buckets.wait(for: bob, in: .messages) == .seconds(1))
    }

    @Test func whoMustWaitIsToldHowLong() async throws {
        let fixture = try RouterFixture([Limited.self, Unlimited.self]) { clock in
            TokenBuckets([.messages: RateBudget(perSecond: 0.4, burst: 1)], clock: clock)
        }
        #expect(await fixture.send(as: "alice", .get, "/limited").status == 200)
        let refused = await fixture.send(as: "alice", .get, "/limited")
        #expect(refused.status == 429)
        #expect(refused.errcode == "M_LIMIT_EXCEEDED")
        #expect(refused.json["retry_after_ms"] == 2500)
        #expect(refused.response.headers[.retryAfter] == "3")
        #expect(await fixture.send(as: "alice", .get, "/unlimited").status == 200)
        fixture.clock.advance(by: .milliseconds(2500))
        #expect(await fixture.send(as: "alice", .get, "/limited").status == 200)
    }
}
