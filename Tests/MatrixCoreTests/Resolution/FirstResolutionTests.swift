import MatrixCore
import Testing

/// State resolution of room version 1.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
@Suite struct FirstResolutionTests {
    private static let alice = EventFactory.creator
    private static let bob = "@bob:one.example"
    private static let charlie = "@charlie:two.example"
    private static let topicKey = StateKey(EventType.topic)
    private static let bobKey = StateKey(EventType.member, bob)

    /// A public room of alice, where bob may do nothing and charlie may do what takes 50.
    private struct Start {
        var room: ResolutionRoom
        let alice: Event
        let levels: Event
        let joinRules: Event
        let bob: Event
        let charlie: Event

        init() throws {
            room = try ResolutionRoom(.v1)
            alice = try room.join(FirstResolutionTests.alice)
            levels = try room.state(
                EventType.powerLevels, FirstResolutionTests.levels([:]), auth: [alice])
            joinRules = try room.state(EventType.joinRules, ["join_rule": "public"], auth: [alice, levels])
            bob = try room.join(FirstResolutionTests.bob, auth: [levels, joinRules])
            charlie = try room.join(FirstResolutionTests.charlie, auth: [levels, joinRules])
        }

        var common: [Event] { [room.create, alice, levels, joinRules, bob, charlie] }

        /// The state without some keys.
        func common(without events: Event...) -> [Event] { common.filter { !events.contains($0) } }

        mutating func make(
            _ type: String, for key: String = "", by sender: String = FirstResolutionTests.alice, _ content: JSONValue,
            depth: Int64, isRejected: Bool = false
        ) throws -> Event {
            let event = try room.factory.make(
                type, stateKey: key, sender: sender, content: content, auth: [room.create, levels], depth: depth)
            room.add(event, isRejected: isRejected)
            return event
        }

        mutating func topic(
            _ text: String, by sender: String = FirstResolutionTests.alice, depth: Int64, isRejected: Bool = false
        ) throws -> Event {
            try make(EventType.topic, by: sender, ["topic": .string(text)], depth: depth, isRejected: isRejected)
        }
    }

    private static func levels(_ more: JSONValue) -> JSONValue {
        var users = more
        users[alice] = 100
        users[charlie] = 50
        return ["users": users]
    }

    @Test func isSupported() {
        #expect(RoomVersion("1") == .v1 && RoomVersion.supported.first == .v1)
        #expect(RoomVersion.v1.stateResolution == .v1 && RoomVersion.v1.eventIDFormat == .chosen)
    }

    @Test func whatOneStateLacksIsNotInConflict() async throws {
        var start = try Start()
        let topic = try start.topic("1", depth: 10)
        let resolved = try await start.room.resolve([start.common, start.common(without: start.bob) + [topic]])
        #expect(resolved[Self.topicKey] == topic)
        #expect(resolved[Self.bobKey] == start.bob)
        #expect(resolved.count == 7)
    }

    @Test func theDeepestAllowedEventHoldsAKey() async throws {
        var start = try Start()
        let first = try start.topic("1", depth: 10)
        let second = try start.topic("2", depth: 12)
        let forbidden = try start.topic("3", by: Self.bob, depth: 14)
        let states = [first, second, forbidden].map { start.common + [$0] }
        #expect(try await start.room.resolve(states)[Self.topicKey] == second)
        #expect(try await start.room.resolve(states.reversed())[Self.topicKey] == second)
    }

    @Test func ofEquallyDeepEventsTheOneWithTheLowestDigestHoldsAKey() async throws {
        var start = try Start()
        let first = try start.topic("1", depth: 10)
        let second = try start.topic("2", depth: 10)
        // Their SHA-1 begin with e6 and ff.
        #expect(first.eventID.description == "$1007:one.example" && second.eventID.description == "$1008:one.example")
        let resolved = try await start.room.resolve([start.common + [first], start.common + [second]])
        #expect(resolved[Self.topicKey] == first)
    }

    @Test func whereNoneIsAllowedTheLeastDeepHoldsAKey() async throws {
        var start = try Start()
        let first = try start.topic("1", by: Self.bob, depth: 10)
        let second = try start.topic("2", by: Self.bob, depth: 12)
        let resolved = try await start.room.resolve([start.common + [second], start.common + [first]])
        #expect(resolved[Self.topicKey] == first)
    }

    /// The fault that version 2 was made for: one refused event, and later ones are not looked at.
    @Test func powerLevelsEndAtTheFirstThatIsRefused() async throws {
        var start = try Start()
        let second = try start.make(EventType.powerLevels, Self.levels([Self.bob: 50]), depth: 8)
        let greedy = try start.make(EventType.powerLevels, by: Self.bob, Self.levels([Self.bob: 100]), depth: 9)
        let third = try start.make(EventType.powerLevels, Self.levels([Self.bob: 25]), depth: 10)
        let base = start.common(without: start.levels)
        let states = [start.levels, second, greedy, third].map { base + [$0] }
        #expect(try await start.room.resolve(states)[.powerLevels] == second)
        #expect(try await start.room.resolve([states[0], states[1], states[3]])[.powerLevels] == third)
    }

    @Test func joinRulesAreResolvedByTheResolvedPowerLevels() async throws {
        var start = try Start()
        let demoted = try start.make(EventType.powerLevels, ["users": [Self.alice: 100]], depth: 8)
        let closed = try start.make(EventType.joinRules, by: Self.charlie, ["join_rule": "invite"], depth: 9)
        let base = start.common(without: start.levels, start.joinRules)
        let resolved = try await start.room.resolve([
            base + [demoted, start.joinRules], base + [start.levels, closed],
        ])
        #expect(resolved[.powerLevels] == demoted && resolved[.joinRules] == start.joinRules)
    }

    @Test func membersDoNotSeeEachOthersResults() async throws {
        var start = try Start()
        let ban = try start.make(EventType.member, for: Self.bob, by: Self.charlie, ["membership": "ban"], depth: 9)
        let base = start.common(without: start.bob, start.charlie)
        let certain = try await start.room.resolve([
            base + [start.charlie, start.bob], base + [start.charlie, ban],
        ])
        #expect(certain[Self.bobKey] == ban)
        // Once charlie's own membership is in conflict, nobody knows him when the ban is looked at.
        let renamed = try start.make(
            EventType.member, for: Self.charlie, by: Self.charlie, ["membership": "join", "displayname": "C"], depth: 10
        )
        let open = try await start.room.resolve([base + [start.charlie, start.bob], base + [renamed, ban]])
        #expect(open[Self.bobKey] == start.bob)
        #expect(open[StateKey(EventType.member, Self.charlie)] == renamed)
    }

    @Test func rejectedEventsHaveNoPartInAConflict() async throws {
        var start = try Start()
        let good = try start.topic("1", depth: 10)
        let bad = try start.topic("2", depth: 12, isRejected: true)
        let worse = try start.topic("3", depth: 13, isRejected: true)
        #expect(try await start.room.resolve([start.common + [bad], start.common + [good]])[Self.topicKey] == good)
        #expect(try await start.room.resolve([start.common + [bad], start.common + [worse]])[Self.topicKey] == nil)
    }
}
