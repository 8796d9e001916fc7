import MatrixCore
import Testing

/// Rooms that fork and meet at random, resolved in several ways.
@Suite struct ResolutionPropertyTests {
    private static let users = [EventFactory.creator] + (1...5).map { "@user\($0):server\($0 % 2).example" }

    /// A room whose branches grow by events that their state allows.
    struct Forks {
        var room: ResolutionRoom
        var branches: [[StateKey: Event]]
        /// States of the past: somebody who was away goes on from there.
        private var past: [[StateKey: Event]] = []
        private var generator: SeededGenerator

        init(_ version: RoomVersion, seed: UInt64) throws {
            room = try ResolutionRoom(version)
            generator = SeededGenerator(seed: seed)
            room.contents.tellsMore = seed % 2 == 0
            branches = [[.create: room.create]]
            let creator = EventFactory.creator
            _ = try append(EventType.member, creator, by: creator, ["membership": "join"], to: 0, after: [room.create])
            let users: JSONValue = version.authorization.hasPrivilegedCreators ? [:] : [creator: 100]
            _ = try append(EventType.powerLevels, "", by: creator, ["users": users], to: 0)
            _ = try append(EventType.joinRules, "", by: creator, ["join_rule": "public"], to: 0)
            for user in ResolutionPropertyTests.users.dropFirst(3) {
                _ = try append(EventType.member, user, by: user, ["membership": "join"], to: 0)
            }
        }

        private mutating func append(
            _ type: String, _ stateKey: String, by sender: String, _ content: JSONValue, to branch: Int,
            after prev: [Event] = [], at time: Int64? = nil
        ) throws -> Bool {
            let rules = AuthRules(version: room.version)
            let document = try JSONDocument(parsing: content.canonicalBytes)
            let senderID = try #require(UserID(sender))
            let auth = rules.selection(type: type, stateKey: stateKey, sender: senderID, content: document.root)
                .compactMap { branches[branch][$0] }
            let event = try room.factory.make(
                type, stateKey: stateKey, sender: sender, content: content, prev: prev, auth: auth,
                depth: 2 + (time ?? 0), at: time)
            let state = AuthStateMap(branches[branch].values)
            guard rules.check(event, against: state).isAllowed, let key = event.fullStateKey else { return false }
            room.add(event)
            branches[branch][key] = event
            return true
        }

        mutating func fork() {
            let states = Int.random(in: 0..<3, using: &generator) == 0 && !past.isEmpty ? past : branches
            var state = states[Int.random(in: 0..<states.count, using: &generator)]
            if Int.random(in: 0..<6, using: &generator) == 0 {
                // Somebody was told a state with a hole.
                let keys = state.keys.filter { $0 != .create }.sorted()
                state[keys[Int.random(in: 0..<keys.count, using: &generator)]] = nil
            }
            branches.append(state)
        }

        mutating func act() throws {
            let users = ResolutionPropertyTests.users
            let branch = Int.random(in: 0..<branches.count, using: &generator)
            let sender = users[Int.random(in: 0..<users.count, using: &generator)]
            let target = users[Int.random(in: 0..<users.count, using: &generator)]
            // Times repeat, so that ids have to decide as well.
            let time = Int64.random(in: 1...12, using: &generator)
            let (type, stateKey, content): (String, String, JSONValue)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...2:
                (type, stateKey, content) = (EventType.member, sender, ["membership": "join", "n": .integer(time)])
            case 3: (type, stateKey, content) = (EventType.member, sender, ["membership": "leave"])
            case 4: (type, stateKey, content) = (EventType.member, target, ["membership": "ban"])
            case 5: (type, stateKey, content) = (EventType.member, target, ["membership": "leave"])
            case 6:
                let rule = ["public", "invite", "public", "knock"][Int(time % 4)]
                (type, stateKey, content) = (EventType.joinRules, "", ["join_rule": .string(rule)])
            case 7, 8:
                var levels = branches[branch][.powerLevels]?.content["users"]?.value() ?? [:]
                let level = [0, 25, 50, 75, 100][Int.random(in: 0..<5, using: &generator)]
                if !(room.version.authorization.hasPrivilegedCreators && target == EventFactory.creator) {
                    levels[target] = .integer(Int64(level))
                }
                let events: JSONValue = [EventType.powerLevels: 50]
                (type, stateKey, content) = (EventType.powerLevels, "", ["users": levels, "events": events])
            default: (type, stateKey, content) = (EventType.topic, "", ["topic": .integer(time)])
            }
            _ = try append(type, stateKey, by: sender, content, to: branch, at: time)
        }

        var reference: ReferenceResolver {
            let events = room.contents.events.values.sorted { $0.number < $1.number }.map(\.event)
            return ReferenceResolver(version: room.version, create: room.create, events: events)
        }

        /// Resolves all branches into one, which goes on as a branch of its own.
        mutating func merge(keeping kept: Int) async throws -> [StateKey: Event] {
            let resolved = try await room.resolve(branches.map { Array($0.values) })
            past += branches.suffix(2)
            branches = [resolved] + branches.prefix(kept)
            return resolved
        }
    }

    private static let seedCount = 12
    private static let runs = [RoomVersion.v10, .v11, .v12, .v12].enumerated().flatMap { index, version in
        (0..<seedCount).map { Run(version: version, seed: UInt64(index * 1_000 + $0)) }
    }

    struct Run: Sendable, CustomTestStringConvertible {
        let version: RoomVersion
        let seed: UInt64
        var testDescription: String { "v\(version), seed \(seed)" }
    }

    @Test(arguments: runs) func agreesWithTheSpecificationsWording(run: Run) async throws {
        var forks = try Forks(run.version, seed: run.seed)
        for turn in 0..<5 {
            for _ in 0..<2 {
                forks.fork()
                for _ in 0..<25 { try forks.act() }
            }
            let expected = forks.reference.resolve(forks.branches)
            let resolved = try await forks.merge(keeping: turn % 2)
            #expect(resolved == expected, "seed \(run.seed), turn \(turn)")
        }
    }

    private static let allRuns =
        (0..<10).map { Run(version: .v1, seed: UInt64(9_000 + $0)) } + runs.suffix(25)

    @Test(arguments: allRuns) func dependsNeitherOnOrderNorOnRepetition(run: Run) async throws {
        var forks = try Forks(run.version, seed: run.seed &+ 5_000)
        for _ in 0..<3 {
            forks.fork()
            for _ in 0..<25 { try forks.act() }
        }
        let states = forks.branches.map { Array($0.values) }
        let resolved = try await forks.room.resolve(states)
        #expect(try await forks.room.resolve(states.reversed()) == resolved, "seed \(run.seed)")
        #expect(try await forks.room.resolve(states + [states[1], states[0]]) == resolved, "seed \(run.seed)")
        #expect(try await forks.room.resolve([Array(resolved.values), Array(resolved.values)]) == resolved)
    }
}
