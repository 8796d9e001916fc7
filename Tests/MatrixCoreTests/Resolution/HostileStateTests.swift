import MatrixCore
import Testing

/// States and auth chains that no honest server makes. The receipt of events keeps most of them out; whatever gets in
/// nevertheless must not decide anything, nor stop the resolution.
@Suite struct HostileStateTests {
    private static let alice = EventFactory.creator
    private static let mallory = "@mallory:evil.example"
    private static let topicKey = StateKey(EventType.topic)
    private static let versions = [RoomVersion.v1, .v2, .v10, .v11, .v12]

    private struct Start {
        var room: ResolutionRoom
        let alice: Event
        let levels: Event
        let joinRules: Event
        let mallory: Event

        init(_ version: RoomVersion) throws {
            room = try ResolutionRoom(version)
            alice = try room.join(HostileStateTests.alice)
            levels = try room.state(EventType.powerLevels, Self.levels(version), auth: [alice])
            joinRules = try room.state(EventType.joinRules, ["join_rule": "public"], auth: [alice, levels])
            mallory = try room.join(HostileStateTests.mallory, auth: [levels, joinRules])
        }

        static func levels(_ version: RoomVersion, _ more: JSONValue = [:]) -> JSONValue {
            var users = more
            if !version.authorization.hasPrivilegedCreators { users[HostileStateTests.alice] = 100 }
            return ["users": users]
        }

        var common: [Event] { [room.create, alice, levels, joinRules, mallory] }

        mutating func topic(
            _ text: String, by sender: String = HostileStateTests.alice, auth: [Event], isRejected: Bool = false
        ) throws -> Event {
            try room.state(
                EventType.topic, by: sender, ["topic": .string(text)], auth: auth, isRejected: isRejected)
        }
    }

    /// Rule 2.5 (3.5 in version 12) rejects what cites events of another room. Were it let in, the other room's power levels
    /// would still not count.
    @Test(arguments: versions) func powerLevelsOfAnotherRoomDoNotCount(version: RoomVersion) async throws {
        var start = try Start(version)
        var elsewhere = EventFactory(version)
        _ = try elsewhere.create(["n": 1], sender: Self.mallory)
        elsewhere.roomID = version.namesRoomByCreateEvent ? elsewhere.roomID : RoomID("!other:evil.example")
        let foreign = try elsewhere.make(
            EventType.powerLevels, stateKey: "", sender: Self.mallory, content: ["users_default": 100], at: 77)
        start.room.add(foreign)
        let good = try start.topic("good", auth: [start.levels, start.alice])
        for isRejected in [true, false] {
            let bad = try start.topic(
                "bad", by: Self.mallory, auth: [foreign, start.mallory], isRejected: isRejected)
            let resolved = try await start.room.resolve([start.common + [good], start.common + [bad]])
            #expect(resolved[Self.topicKey] == good)
            #expect(resolved[.powerLevels] == start.levels)
        }
    }

    /// By the rules alone a create event is always allowed (rule 1), and would be taken for the room's own.
    @Test(arguments: versions) func anotherCreateEventNeverHoldsTheKey(version: RoomVersion) async throws {
        var start = try Start(version)
        var content: JSONValue = ["room_version": .string(version.identifier), "again": true]
        if !version.authorization.creatorIsSender { content["creator"] = .string(Self.mallory) }
        for time in [Int64(1), 900_000] {
            let second = try start.room.factory.make(
                EventType.create, stateKey: "", sender: Self.alice, content: content, depth: time, at: time)
            start.room.add(second)
            let state = start.common.filter { $0 != start.room.create } + [second]
            let topic = try start.topic("by \(time)", auth: [start.levels, start.alice])
            for states in [[start.common, state + [topic]], [state + [topic], start.common]] {
                let resolved = try await start.room.resolve(states)
                #expect(resolved[.create] == start.room.create)
                #expect(resolved[Self.topicKey] == topic)
            }
        }
    }

    @Test(arguments: versions) func repeatedStatesAndAuthEventsChangeNothing(version: RoomVersion) async throws {
        var start = try Start(version)
        let first = try start.topic("1", auth: [start.levels, start.levels, start.alice, start.alice])
        let second = try start.topic("2", auth: [start.levels, start.alice])
        let (left, right) = (start.common + [first], start.common + [second])
        let resolved = try await start.room.resolve([left, right])
        #expect(try await start.room.resolve([left, left, right, right, left]) == resolved)
        #expect(resolved[Self.topicKey] == second || version == .v1)
    }

    /// Rule 2.3 (3.3 in version 12): whatever cites a rejected event is rejected. A rejected ban does not count in the checks
    /// either, nor do rejected power levels.
    @Test(arguments: versions) func rejectedAuthEventsDoNotCount(version: RoomVersion) async throws {
        var start = try Start(version)
        let greedy = try start.room.state(
            EventType.powerLevels, by: Self.mallory, Start.levels(version, [Self.mallory: 100]),
            auth: [start.levels, start.mallory], isRejected: true)
        let good = try start.topic("good", auth: [start.levels, start.alice])
        let bad = try start.topic("bad", by: Self.mallory, auth: [greedy, start.mallory])
        let resolved = try await start.room.resolve([start.common + [good], start.common + [bad]])
        #expect(resolved[Self.topicKey] == good)
        let state = start.common.filter { $0 != start.levels }
        let told = try await start.room.resolve([start.common + [good], state + [greedy, bad]])
        #expect(told[.powerLevels] == start.levels)
        #expect(told[Self.topicKey] == good)
    }

    /// An event whose auth events nobody could find is checked by those that there are: none allow anything.
    @Test(arguments: [RoomVersion.v2, .v11, .v12]) func missingAuthEventsAllowNothing(version: RoomVersion) async throws
    {
        var start = try Start(version)
        let good = try start.topic("good", auth: [start.levels, start.alice])
        let stranger = try start.room.factory.member("@ghost:evil.example", "join")
        let bad = try start.topic("bad", by: "@ghost:evil.example", auth: [start.levels, stranger])
        let resolved = try await start.room.resolve([start.common + [good], start.common + [bad]])
        #expect(resolved[Self.topicKey] == good)
    }

    /// A room that two servers pull back and forth: each state has another top of a common ladder, in which every rung takes
    /// the other's power and gives it back.
    @Test(arguments: [RoomVersion.v2, .v11, .v12]) func aContestOfPowerEndsTheSameForAll(version: RoomVersion)
        async throws
    {
        var start = try Start(version)
        var tops = [start.levels, start.levels]
        for number in 1...40 {
            let side = number % 2
            tops[side] = try start.room.state(
                EventType.powerLevels, Start.levels(version, [Self.mallory: .integer(Int64(number % 3 * 25))]),
                auth: [tops[side], start.alice])
        }
        let base = start.common.filter { $0 != start.levels }
        let states = ([start.levels] + tops).map { base + [$0] }
        let resolved = try await start.room.resolve(states)
        #expect(try await start.room.resolve(states.reversed()) == resolved)
        #expect(try await start.room.resolve([Array(resolved.values)] + states)[.powerLevels] == resolved[.powerLevels])
        #expect(tops.contains { $0 == resolved[.powerLevels] })
    }
}
