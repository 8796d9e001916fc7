import MatrixCore
import Testing

/// What the tables of rules do not have, because no page numbers it.
@Suite struct AuthRulesTests {
    @Test(arguments: RoomVersion.supported) func nothingIsAllowedWithoutACreateEvent(version: RoomVersion) throws {
        var scene = try AuthScene(version)
        scene.state = AuthStateMap()
        #expect(scene.check(try scene.factory.make(EventType.message)).refusal?.rule == "2")
    }

    @Test(arguments: RoomVersion.supported) func anotherRoomsStateAllowsNothing(version: RoomVersion) throws {
        let scene = try AuthScene(version)
        var other = EventFactory(version)
        _ = try other.create(["other": 1])
        if !version.namesRoomByCreateEvent { other.roomID = RoomID("!other:one.example") }
        #expect(scene.check(try other.make(EventType.message)).refusal?.rule == "2")
    }

    /// Before version 11 servers counted characters, and kept what they now reject.
    @Test(arguments: RoomVersion.supported) func longKeysAreRejectedWhereTheyAreKept(version: RoomVersion) throws {
        let long = String(repeating: "é", count: 255)
        var scene = try AuthScene(version)
        let create = AuthRules.AuthEvent(event: scene.create, isRejected: false)
        for (type, stateKey) in [(long, "" as String?), (EventType.message, long), (long, nil)] {
            guard !version.dropsLongKeys else {
                #expect(throws: PDUError.tooLong(type == long ? .type : .stateKey)) {
                    _ = try scene.factory.make(type, stateKey: stateKey)
                }
                continue
            }
            let event = try scene.factory.make(type, stateKey: stateKey)
            #expect(
                AuthRules(version: version).checkAuthEvents(of: event, [create], create: create).refusal?.rule
                    == "size limits")
        }
        #expect(throws: PDUError.tooLong(.type)) {
            _ = try scene.factory.make(String(repeating: "a", count: 256))
        }
    }

    /// Whichever entry comes first, the refusal is the same in every process.
    @Test func powerLevelsThatBreakSeveralRulesBreakTheFirst() throws {
        for round in 0..<20 {
            var scene = try AuthScene(.v11)
            let (one, other) = ("@one\(round):one.example", "@other\(round):one.example")
            let users: JSONValue = [AuthScene.creator: 100, AuthScene.moderator: 50]
            try scene.setPowerLevels(["events": ["m.one\(round)": 60]])
            let types = scene.levels(["events": ["m.other\(round)": 70]])
            #expect(try rule(types, in: &scene) == "10.7.1")
            var (before, after) = (users, users)
            before[one] = 50
            after[other] = 70
            try scene.setPowerLevels(["users": before])
            #expect(try rule(["users": after], in: &scene) == "10.9.1")
        }
    }

    /// The rule by which the moderator may not set these levels.
    private func rule(_ levels: JSONValue, in scene: inout AuthScene) throws -> String? {
        let sender = AuthScene.moderator
        return scene.check(
            try scene.factory.make(EventType.powerLevels, stateKey: "", sender: sender, content: levels)
        ).refusal?.rule
    }

    /// Two lists as long as events can be: comparing each of one with each of the other would take seconds.
    @Test func manyCreatorsAndUsersCostNoProductOfTheirNumbers() throws {
        let ratio = try CostGrowth.ratio({ Crowd($0) }, size: 300) { crowd in
            let (scene, event) = try crowd.made.get()
            #expect(scene.check(event).isAllowed)
            #expect(RoomCreators(create: scene.create, version: .v12).all.count == crowd.count + 1)
        }
        #expect(ratio < CostGrowth.allowed)
    }

    /// A room with many creators, and power levels with as many users.
    private struct Crowd {
        let count: Int
        let made: Result<(AuthScene, Event), any Error>

        init(_ count: Int) {
            self.count = count
            made = Result {
                let names = (0..<count).map { "@\($0):one.example" }
                let users = Dictionary(uniqueKeysWithValues: names.map { ("\($0)x", JSONValue.integer(1)) })
                var scene = try AuthScene(.v12, create: ["additional_creators": .array(names.map(JSONValue.string))])
                let content: JSONValue = ["users": .object(users)]
                let event = try scene.factory.make(EventType.powerLevels, stateKey: "", content: content)
                return (scene, event)
            }
        }
    }
}
