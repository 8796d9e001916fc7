import ApusTesting
import Federation
import FederationAPI
import MatrixCore
import Storage
import Synchronization
import Telemetry
import Testing

/// How often servers are asked, whatever is thrown at us.
@Suite struct KeyLookUpTests {
    @Test func manyWhoWantTheSameKeyMakeOneRequest() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let gate = Gate()
            let body = String(
                decoding: try theirs.published(validUntil: fixture.now + KeysFixture.day).canonicalBytes, as: UTF8.self)
            fixture.network.serve(theirs.name) { _ in
                await gate.pass()
                return (200, body)
            }
            let worker = fixture.worker()
            let now = fixture.now
            let found = try await withThrowingTaskGroup(of: Ed25519PublicKey?.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: now) }
                }
                try await eventually { fixture.network.requests.count == 1 }
                gate.open()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(found.count == 50 && found.allSatisfy { $0 == theirs.key.publicKey })
            #expect(fixture.network.requests.count == 1)
        }
    }

    @Test func whoeverGivesUpDoesNotTakeTheOthersAlong() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let gate = Gate()
            let body = String(
                decoding: try theirs.published(validUntil: fixture.now + KeysFixture.day).canonicalBytes, as: UTF8.self)
            fixture.network.serve(theirs.name) { _ in
                await gate.pass()
                return (200, body)
            }
            let worker = fixture.worker()
            let now = fixture.now
            let first = Task { try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: now) }
            try await eventually { fixture.network.requests.count == 1 }
            let second = Task { try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: now) }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            gate.open()
            #expect(try await second.value == theirs.key.publicKey)
        }
    }

    @Test func aDeadServerIsAskedLessAndLess() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let worker = fixture.worker()
            for _ in 0..<100 {
                #expect(
                    try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            }
            #expect(fixture.network.requests.count == 1)
            // An hour of somebody trying each second.
            for _ in 0..<3600 {
                fixture.clock.advance(by: .seconds(1))
                _ = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
            }
            #expect((8...20).contains(fixture.network.requests.count))
            // It comes back, and is noticed within minutes.
            try fixture.publish(theirs)
            fixture.clock.advance(by: .seconds(13 * 60))
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
        }
    }

    @Test func madeUpKeysDoNotCostARequestEach() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs)
            let worker = fixture.worker()
            for number in 0..<500 {
                let id = try #require(SigningKeyID("ed25519:x\(number)"))
                #expect(try await worker.key(id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            }
            #expect(fixture.network.requests.count == 1)
            for number in 0..<600 {
                fixture.clock.advance(by: .seconds(1))
                let id = try #require(SigningKeyID("ed25519:y\(number)"))
                _ = try await worker.key(id, of: theirs.name, validAtMilliseconds: fixture.now)
            }
            #expect(fixture.network.requests.count < 12)
            // Others can drive that wait, so it ends soon enough for a server that has a new key.
            let next = KeyOwner("theirs.example:2", seed: 40, version: "2")
            try fixture.publish(next)
            fixture.clock.advance(by: .seconds(150))
            #expect(
                try await worker.key(next.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
                    == next.key.publicKey)
        }
    }

    @Test func aKeyIsRenewedBeforeItRunsOut() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs)
            let worker = fixture.worker()
            _ = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
            fixture.clock.advance(by: .seconds(23 * 3600 + 1800))
            try fixture.publish(theirs)
            // Nobody waits for it.
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
            try await eventually { fixture.network.requests.count == 2 }
            let later = fixture.now + KeysFixture.day
            try await eventually {
                try await fixture.store.keys(of: theirs.name).first?.validUntilMilliseconds == later
            }
            for _ in 0..<10 {
                _ = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
            }
            #expect(fixture.network.requests.count == 2)
        }
    }

    @Test func whenTheProcessStopsNobodyWaitsForAnswers() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            fixture.network.serve(theirs.name) { _ in
                try await ManualClock().sleep(for: .seconds(1))
                return (200, "{}")
            }
            let worker = fixture.worker()
            let now = fixture.now
            let waiting = Task { try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: now) }
            try await eventually { fixture.network.requests.count == 1 }
            worker.stop()
            #expect(try await waiting.value == nil)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: now) == nil)
        }
    }

    private final class Tally: Sendable {
        private let number = Mutex(0)
        var count: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    @Test func looksAtTheSameTimeAreBounded() async throws {
        try await KeysFixture.with { fixture in
            let gate = Gate()
            let names = (0..<300).compactMap { ServerName("host\($0).example:9") }
            for name in names {
                fixture.network.serve(name) { _ in
                    await gate.pass()
                    return (404, "{}")
                }
            }
            let worker = fixture.worker()
            let now = fixture.now
            let id = fixture.theirs.key.id
            let answered = Tally()
            await withTaskGroup { group in
                for name in names {
                    group.addTask {
                        _ = try? await worker.key(id, of: name, validAtMilliseconds: now)
                        answered.add()
                    }
                }
                // Those beyond are told at once that the key is not known.
                try? await eventually { answered.count == 44 && fixture.network.requests.count == 256 }
                #expect(answered.count == 44)
                gate.open()
            }
            #expect(fixture.network.requests.count == 256)
        }
    }
}
