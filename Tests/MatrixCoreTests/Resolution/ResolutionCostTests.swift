import MatrixCore
import Testing

/// What a resolution reads: the neighbourhood of the forks, in few questions.
@Suite struct ResolutionCostTests {
    /// A room of the creator and some members, all of whom came by the same power levels.
    private struct Crowd {
        var room: ResolutionRoom
        let alice: Event
        var levels: Event
        let joinRules: Event
        var members: [Event] = []
        private let version: RoomVersion

        init(_ version: RoomVersion, members count: Int) throws {
            self.version = version
            room = try ResolutionRoom(version)
            room.contents.tellsMore = true
            alice = try room.join(EventFactory.creator)
            levels = try room.state(
                EventType.powerLevels, ["users": Self.users(version), "invite": 0], auth: [alice])
            joinRules = try room.state(EventType.joinRules, ["join_rule": "public"], auth: [alice, levels])
            for number in 0..<count {
                members.append(try room.join("@user\(number):two.example", auth: [levels, joinRules]))
            }
        }

        static func users(_ version: RoomVersion) -> JSONValue {
            version.authorization.hasPrivilegedCreators ? [:] : [EventFactory.creator: 100]
        }

        var others: [Event] { [room.create, alice, joinRules] + members }
        var state: [Event] { others + [levels] }

        mutating func nextLevels(_ number: Int, after previous: Event) throws -> Event {
            try room.state(
                EventType.powerLevels, ["users": Self.users(version), "invite": .integer(Int64(number % 50))],
                auth: [alice, previous])
        }

        mutating func topic(_ text: String, by levels: Event) throws -> Event {
            try room.state(EventType.topic, ["topic": .string(text)], auth: [alice, levels])
        }

        func replacing(_ old: Event..., by new: Event...) -> [Event] { state.filter { !old.contains($0) } + new }
    }

    /// ATTACKS 28 (CVE-2024-31208): a ladder of power levels, of which one state has the top and the other the foot: every rung has to be read and checked,
    /// but not asked for one by one, nor by recursion.
    @Test(arguments: [(RoomVersion.v11, 1_500), (.v12, 10_000)])
    func aLadderIsReadInFewQuestions(version: RoomVersion, rungs: Int) async throws {
        var crowd = try Crowd(version, members: 2)
        var top = crowd.levels
        for number in 1...rungs { top = try crowd.nextLevels(number, after: top) }
        let states = [crowd.state, crowd.replacing(crowd.levels, by: top)]
        crowd.room.contents.reads.reset()
        let resolved = try await crowd.room.resolve(states)
        #expect(resolved[.powerLevels] == top)
        let reads = crowd.room.contents.reads.soFar
        #expect(reads.calls <= 20 + 2 * rungs / 512, "\(reads)")
        #expect(reads.events <= 4 * rungs + 200, "\(reads)")
    }

    /// The same ladder, when all states are at its top: who rests on its foot has to be found on the mainline, for which
    /// whole rungs are not read.
    @Test(arguments: [RoomVersion.v11, .v12])
    func theMainlineIsFollowedInFewQuestions(version: RoomVersion) async throws {
        var crowd = try Crowd(version, members: 2)
        let foot = crowd.levels
        let old = try crowd.topic("old", by: foot)
        for number in 1...2_000 { crowd.levels = try crowd.nextLevels(number, after: crowd.levels) }
        let new = try crowd.topic("new", by: crowd.levels)
        let states = [crowd.state + [old], crowd.state + [new]]
        crowd.room.contents.reads.reset()
        #expect(try await crowd.room.resolve(states)[StateKey(EventType.topic)] == new)
        let reads = crowd.room.contents.reads.soFar
        #expect(reads.calls <= 20, "\(reads)")
        #expect(reads.events <= 6_000, "\(reads)")
    }

    /// On one side something changed twice, so that what lies between is in the auth difference alone, and what all states
    /// hold has to be looked through for what leads to it.
    @Test(arguments: [RoomVersion.v11, .v12])
    func theSizeOfTheRoomMakesNoDifference(version: RoomVersion) async throws {
        var all: [ReadCounter.Reads] = []
        for count in [20, 1_000] {
            var crowd = try Crowd(version, members: count)
            let between = try crowd.nextLevels(1, after: crowd.levels)
            let last = try crowd.nextLevels(2, after: between)
            let left = try crowd.topic("left", by: last)
            let right = try crowd.topic("right", by: crowd.levels)
            let states = [crowd.replacing(crowd.levels, by: last, left), crowd.state + [right]]
            crowd.room.contents.reads.reset()
            let resolved = try await crowd.room.resolve(states)
            #expect(resolved[.powerLevels] == last && resolved.count == count + 5)
            all.append(crowd.room.contents.reads.soFar)
        }
        #expect(all[0] == all[1] && all[1].calls <= 12, "\(all)")
    }

    /// Every member came by an old topic's power levels: neither is it walked back to them, nor through the members.
    @Test(arguments: [RoomVersion.v11, .v12])
    func aConflictOfOldNamesIsCheap(version: RoomVersion) async throws {
        var crowd = try Crowd(version, members: 300)
        let old = try crowd.topic("old", by: crowd.levels)
        for number in 1...10 { crowd.levels = try crowd.nextLevels(number, after: crowd.levels) }
        let new = try crowd.topic("new", by: crowd.levels)
        let states = [crowd.state + [old], crowd.state + [new]]
        crowd.room.contents.reads.reset()
        #expect(try await crowd.room.resolve(states)[StateKey(EventType.topic)] == new)
        #expect(crowd.room.contents.reads.soFar.events <= 60, "\(crowd.room.contents.reads.soFar)")
    }
}
