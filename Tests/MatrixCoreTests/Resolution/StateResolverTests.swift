import MatrixCore
import Testing

@Suite struct StateResolverTests {
    private static let alice = EventFactory.creator
    private static let bob = "@bob:one.example"
    private static let charlie = "@charlie:two.example"
    private static let zara = "@zara:two.example"
    private static let eve = "@eve:two.example"

    /// A public room of the creator, with bob and charlie in it.
    private struct Start {
        var room: ResolutionRoom
        let alice: Event
        let levels: Event
        let joinRules: Event
        let bob: Event
        let charlie: Event

        init(_ version: RoomVersion) throws {
            room = try ResolutionRoom(version)
            alice = try room.join(StateResolverTests.alice)
            let users: JSONValue = version.authorization.hasPrivilegedCreators ? [:] : [StateResolverTests.alice: 100]
            levels = try room.state(EventType.powerLevels, ["users": users], auth: [alice])
            joinRules = try room.state(EventType.joinRules, ["join_rule": "public"], auth: [alice, levels])
            bob = try room.join(StateResolverTests.bob, auth: [levels, joinRules])
            charlie = try room.join(StateResolverTests.charlie, auth: [levels, joinRules])
        }

        func users(_ users: JSONValue) -> JSONValue {
            var users = users
            if !room.version.authorization.hasPrivilegedCreators { users[StateResolverTests.alice] = 100 }
            return ["users": users]
        }
    }

    /// ATTACKS 34 (CVE-2025-49090), MSC4297, problem A: alice closed the room and left. Two states that each lack something, because servers had been
    /// told wrong states, meet. Version 2 starts with alice being gone, refuses her join rules, and the room has none.
    @Test(arguments: [RoomVersion.v11, .v12]) func msc4297ProblemA(version: RoomVersion) async throws {
        var start = try Start(version)
        let closed = try start.room.state(
            EventType.joinRules, ["join_rule": "invite"], auth: [start.levels, start.alice])
        let gone = try start.room.state(
            EventType.member, for: Self.alice, ["membership": "leave"], auth: [start.levels, start.alice])
        let bob = try start.room.join(Self.bob, name: "bob++", auth: [start.levels, start.bob, closed])
        let charlie = try start.room.join(Self.charlie, name: "charlie++", auth: [start.levels, start.charlie, closed])
        let create = start.room.create
        let resolved = try await start.room.resolve([
            [create, start.levels, start.charlie, closed, gone, bob],
            [create, start.levels, start.joinRules, start.bob, gone, charlie],
        ])
        #expect(resolved[.joinRules] == (version == .v12 ? closed : nil))
        #expect(resolved[StateKey(EventType.member, Self.bob)] == bob)
        #expect(resolved[StateKey(EventType.member, Self.charlie)] == charlie)
        #expect(resolved[StateKey(EventType.member, Self.alice)] == gone)
        #expect(resolved[.powerLevels] == start.levels)
    }

    /// ATTACKS 34 (CVE-2025-49090), MSC4297, problem B: bob, whom alice made a moderator, made charlie one. A state with the first power levels meets
    /// one with the last; the ones between, which alone authorise the last, are in neither.
    @Test(arguments: [RoomVersion.v11, .v12]) func msc4297ProblemB(version: RoomVersion) async throws {
        var start = try Start(version)
        let second = try start.room.state(
            EventType.powerLevels, start.users([Self.bob: 50]), auth: [start.levels, start.alice])
        let third = try start.room.state(
            EventType.powerLevels, by: Self.bob, start.users([Self.bob: 50, Self.charlie: 50]),
            auth: [second, start.bob])
        let zara = try start.room.join(Self.zara, auth: [third, start.joinRules])
        let eve = try start.room.join(Self.eve, auth: [third, start.joinRules])
        let renamed = try start.room.join(Self.eve, name: "eve++", auth: [third, start.joinRules, eve])
        let common = [start.room.create, start.alice, start.joinRules, start.bob, start.charlie]
        let resolved = try await start.room.resolve([common + [start.levels, renamed], common + [third, zara]])
        #expect(resolved[.powerLevels] == (version == .v12 ? third : start.levels))
        #expect(resolved[StateKey(EventType.member, Self.eve)] == renamed)
        #expect(resolved[StateKey(EventType.member, Self.zara)] == zara)
    }

    @Test(arguments: [RoomVersion.v10, .v11, .v12]) func banWinsOverWhatTheBannedDid(version: RoomVersion) async throws
    {
        var start = try Start(version)
        let levels = try start.room.state(
            EventType.powerLevels, start.users([Self.bob: 50]), auth: [start.levels, start.alice])
        let topic = try start.room.state(
            EventType.topic, by: Self.bob, ["topic": "bob's"], auth: [levels, start.bob])
        let ban = try start.room.state(
            EventType.member, for: Self.bob, ["membership": "ban"], auth: [levels, start.alice, start.bob])
        let common = [start.room.create, start.alice, levels, start.joinRules, start.charlie]
        let resolved = try await start.room.resolve([common + [start.bob, topic], common + [ban]])
        #expect(resolved[StateKey(EventType.member, Self.bob)] == ban)
        #expect(resolved[StateKey(EventType.topic)] == nil)
    }

    @Test(arguments: [RoomVersion.v11, .v12]) func olderOfTwoEqualSendersIsAppliedFirst(version: RoomVersion)
        async throws
    {
        var start = try Start(version)
        let first = try start.room.state(EventType.topic, ["topic": "1"], auth: [start.levels, start.alice])
        let second = try start.room.state(EventType.topic, ["topic": "2"], auth: [start.levels, start.alice])
        let common = [start.room.create, start.alice, start.levels, start.joinRules]
        let resolved = try await start.room.resolve([common + [second], common + [first]])
        #expect(resolved[StateKey(EventType.topic)] == second)
    }

    @Test(arguments: [RoomVersion.v11, .v12]) func rejectedEventsStayOut(version: RoomVersion) async throws {
        var start = try Start(version)
        let good = try start.room.state(EventType.topic, ["topic": "1"], auth: [start.levels, start.alice])
        let bad = try start.room.state(
            EventType.topic, ["topic": "2"], auth: [start.levels, start.alice], isRejected: true)
        let common = [start.room.create, start.alice, start.levels, start.joinRules]
        #expect(try await start.room.resolve([common + [bad], common + [good]])[StateKey(EventType.topic)] == good)
        #expect(try await start.room.resolve([common + [bad], common])[StateKey(EventType.topic)] == nil)
    }

    @Test func equalStatesNeedNothing() async throws {
        let start = try Start(.v12)
        let tree = try await StateTreeTests.build([StateKeyNID(1): EventNID(10)])
        let resolver = StateResolver(version: .v12, create: start.room.create, source: start.room.contents)
        #expect(try await resolver.resolve(tree, with: [tree.root, tree.root]).isEmpty)
        #expect(try await resolver.resolve(tree, with: [StateTree]()).isEmpty)
    }

    @Test func saysWhatIsMissing() async throws {
        let start = try Start(.v12)
        let source = MemoryNodeSource()
        let tree = try await StateTreeTests.build([StateKeyNID(1): EventNID(10)], source: source)
        let other = try await StateTreeTests.build([StateKeyNID(1): EventNID(99_999)], pack: 2, source: source)
        let resolver = StateResolver(version: .v12, create: start.room.create, source: start.room.contents)
        await #expect(throws: ResolutionError.missingEvent(EventNID(99_999))) {
            try await resolver.resolve(tree, with: [other.root])
        }
    }

    @Test func refusesNumbersThatDoNotFollowTheAuthGraph() async throws {
        var start = try Start(.v12)
        let topic = try start.room.state(EventType.topic, ["topic": "1"], auth: [start.levels, start.alice])
        let number = try #require(start.room.contents.numbers[topic.eventID])
        var contents = start.room.contents
        contents.events[number] = ResolutionEvent(
            number: number, event: topic, stateKey: StateKeyNID(1), authEvents: [number], isRejected: false)
        let source = MemoryNodeSource()
        let tree = try await StateTreeTests.build([StateKeyNID(1): number], source: source)
        let other = try await StateTreeTests.build([StateKeyNID(1): EventNID(10)], pack: 2, source: source)
        let resolver = StateResolver(version: .v12, create: start.room.create, source: contents)
        await #expect(throws: ResolutionError.numbersOutOfOrder(number)) {
            try await resolver.resolve(tree, with: [other.root])
        }
    }

    @Test func readsStatesThatAreNotStoredYet() async throws {
        var start = try Start(.v12)
        let topic = try start.room.state(EventType.topic, ["topic": "1"], auth: [start.levels, start.alice])
        let contents = start.room.contents
        func change(_ event: Event) throws -> StateChange {
            let number = try #require(contents.numbers[event.eventID])
            return StateChange(key: try #require(contents.events[number]).stateKey, event: number)
        }
        let empty = StateTree(root: .empty, room: RoomNID(1), source: MemoryNodeSource())
        let common = try [start.room.create, start.alice, start.levels].map(change)
        let base = try await empty.applying(common, newPack: PackNID(1)).tree
        let other = try await empty.applying(common + [change(topic)], newPack: PackNID(2)).tree
        let resolver = StateResolver(version: .v12, create: start.room.create, source: contents)
        #expect(try await resolver.resolve(base, with: [other]) == [change(topic)])
        await #expect(throws: StateTreeError.missingPack(PackNID(2))) {
            try await resolver.resolve(base, with: [other.root])
        }
    }
}
