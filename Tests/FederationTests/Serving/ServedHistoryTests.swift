import Federation
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct ServedHistoryTests {
    private let there = ForeignServer("there.test")

    private func texts(_ events: [Event]) -> [String] { events.compactMap { $0.content["body"]?.string } }

    @Test func givesASingleEvent() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let said = try await here.say("hello", in: room, by: alice)
            try await here.join(there, "bob", to: room)
            let event = try await here.history.event(said, for: there.name)
            #expect(event.eventID == said)
            #expect(texts([event]) == ["hello"])
            try await expect(.notFound, 404) {
                _ = try await here.history.event(EventID("$nothing:here.test")!, for: there.name)
            }
        }
    }

    /// ATTACKS 19 (CVE-2022-39335): nothing of a room is for servers that are not in it, and they learn not even that it is there.
    @Test func tellsNothingToServersThatAreNotInTheRoom() async throws {
        let other = ForeignServer("other.test", seed: 4)
        try await ServingInstallation.with(there, other) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let said = try await here.say("secret", in: room, by: alice)
            try await here.join(there, "bob", to: room)
            try await here.set(
                EventType.member, other.user("eve").description, to: ["membership": "invite"], in: room, by: alice)
            let leave = try await here.draft(there, "bob", .leave, in: room)
            try await here.resident.leave(there.request(.leave, leave), from: there.name)
            for server in [there.name, other.name] {
                try await expect(.forbidden, 403) { _ = try await here.history.event(said, for: server) }
                for roomID in [room.roomID, RoomID("!unknown:far.test")!] {
                    try await refuses(here, said, in: roomID, for: server)
                }
            }
        }
    }

    @Test func tellsNothingToServersThatTheAccessListKeepsOut() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.join(there, "bob", to: room)
            let said = try await here.say("secret", in: room, by: alice)
            try await here.set(EventType.serverACL, to: ["allow": ["here.test"]], in: room, by: alice)
            try await expect(.forbidden, 403) { _ = try await here.history.event(said, for: there.name) }
            try await refuses(here, said, in: room.roomID, for: there.name)
        }
    }

    private func refuses(
        _ here: ServingInstallation, _ event: EventID, in room: RoomID, for server: ServerName
    ) async throws {
        try await expect(.forbidden, 403) { _ = try await here.history.state(at: event, in: room, for: server) }
        try await expect(.forbidden, 403) { _ = try await here.history.stateIDs(at: event, in: room, for: server) }
        try await expect(.forbidden, 403) { _ = try await here.history.authChain(of: event, in: room, for: server) }
        try await expect(.forbidden, 403) {
            _ = try await here.history.backfill(room, from: [event], limit: 10, for: server)
        }
        try await expect(.forbidden, 403) {
            _ = try await here.history.missingEvents(
                MissingEvents(earliestEvents: [], latestEvents: [event], limit: 10, minimumDepth: 0), in: room,
                for: server)
        }
    }

    /// ATTACKS 19: an event of another room is answered as one that does not exist.
    @Test func knowsNoEventsOfOtherRooms() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let other = try await here.room(by: alice)
            let said = try await here.say("elsewhere", in: other, by: alice)
            try await here.join(there, "bob", to: room)
            try await expect(.notFound, 404) {
                _ = try await here.history.state(at: said, in: room.roomID, for: there.name)
            }
            try await expect(.notFound, 404) {
                _ = try await here.history.stateIDs(at: said, in: room.roomID, for: there.name)
            }
            try await expect(.notFound, 404) {
                _ = try await here.history.authChain(of: said, in: room.roomID, for: there.name)
            }
            let found = try await here.history.backfill(room.roomID, from: [said], limit: 10, for: there.name)
            #expect(found.isEmpty)
            let missing = MissingEvents(earliestEvents: [], latestEvents: [said], limit: 10, minimumDepth: 0)
            #expect(try await here.history.missingEvents(missing, in: room.roomID, for: there.name).isEmpty)
        }
    }

    @Test(arguments: [RoomVersion.v11, .v12])
    func givesTheStateBeforeAnEventAndWhatAuthorisesIt(version: RoomVersion) async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice, version: version)
            try await here.join(there, "bob", to: room)
            let before = try #require(try await here.rooms.reader.current(room))
            let expected = Set(try await before.allEvents().map(\.eventID))
            let topic = try await here.set(EventType.topic, to: ["topic": "new"], in: room, by: alice)

            let ids = try await here.history.stateIDs(at: topic, in: room.roomID, for: there.name)
            #expect(Set(ids.pduIDs) == expected)
            let answer = try await here.history.state(at: topic, in: room.roomID, for: there.name)
            let state = try await ServingInstallation.document(answer)
            #expect(try Self.ids("pdus", of: state, version) == ids.pduIDs)
            #expect(try Self.ids("auth_chain", of: state, version) == ids.authChainIDs)

            let known = try await here.rooms.reader.events.events(ids.pduIDs + ids.authChainIDs, in: room)
            for event in known.values { #expect(event.event.authEvents.allSatisfy(ids.authChainIDs.contains)) }
            let create = try #require(known.values.first { $0.event.type == EventType.create })
            #expect(ids.authChainIDs.first == create.eventID)

            let chain = try await here.history.authChain(of: topic, in: room.roomID, for: there.name)
            let chainIDs = try Self.ids("auth_chain", of: try await ServingInstallation.document(chain), version)
            #expect(chainIDs.first == create.eventID)
            #expect(!chainIDs.contains(topic))
        }
    }

    private static func ids(_ list: String, of answer: JSONDocument, _ version: RoomVersion) throws -> [EventID] {
        try #require(answer[list]?.array).map { try Event.receive($0, in: version).event.eventID }
    }

    /// What does not fit into one reading is sent as it is read.
    @Test func givesLargeStatesWhole() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let drafts = try (0..<450).map { number in
                try EventDraft(
                    sender: alice, type: "test.thing", stateKey: "\(number)", content: ["n": .integer(number)])
            }
            _ = try await here.rooms.write(.local(drafts), in: room)
            let joined = try await here.join(there, "bob", to: room)
            #expect(joined.state.count { $0["type"]?.stringEquals("test.thing") == true } == 450)
            #expect(Set(joined.state.compactMap { $0["content"]?["n"]?.int }) == Set(0..<450))
        }
    }

    // MARK: Stretches of history

    @Test func goesBackFromEvents() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.join(there, "bob", to: room)
            var last: EventID?
            for number in 1...8 { last = try await here.say("\(number)", in: room, by: alice) }
            let start = try #require(last)
            let some = try await here.history.backfill(room.roomID, from: [start], limit: 5, for: there.name)
            #expect(texts(some) == ["8", "7", "6", "5", "4"])
            let all = try await here.history.backfill(room.roomID, from: [start], limit: 1_000, for: there.name)
            #expect(all.last?.type == EventType.create)
            #expect(all.count == Set(all.map(\.eventID)).count)
        }
    }

    @Test func fillsAGap() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.join(there, "bob", to: room)
            var said: [EventID] = []
            for number in 1...8 { said.append(try await here.say("\(number)", in: room, by: alice)) }
            func missing(_ limit: Int, _ depth: Int64 = 0) async throws -> [String] {
                let request = MissingEvents(
                    earliestEvents: [said[1]], latestEvents: [said[7]], limit: limit, minimumDepth: depth)
                return texts(try await here.history.missingEvents(request, in: room.roomID, for: there.name))
            }
            #expect(try await missing(10) == ["3", "4", "5", "6", "7"])
            #expect(try await missing(2) == ["6", "7"])
            let event = try await here.rooms.reader.events.event(said[4], in: room)
            #expect(try await missing(10, try #require(event).event.depth) == ["5", "6", "7"])
            #expect(try await missing(0).isEmpty)
        }
    }

    /// CVE-2020 and 2022: rejected events are nobody's history. Soft-failed ones are, for those who find their way to them.
    @Test func givesNoRejectedEvents() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.join(there, "bob", to: room)
            let start = try await here.say("start", in: room, by: alice)
            let last = try #require(try await here.rooms.reader.events.event(start, in: room))
            let now = try #require(try await here.rooms.reader.current(room))
            let bob = there.user("bob")
            let state = try await now.events([.powerLevels, .member(bob), .joinRules])
            func made(_ type: String, _ key: String?, _ content: JSONValue) throws -> Event {
                var builder = try EventBuilder(
                    version: .v12, roomID: room.roomID, type: type, stateKey: key, sender: bob, content: content)
                builder.prevEvents = [start]
                builder.depth = last.event.depth + 1
                builder.originServerTS = 5
                builder.authEvents = [state[.powerLevels], state[.member(bob)]].compactMap { $0?.eventID }
                return try builder.signed(by: there.name, with: there.key)
            }
            let rejected = try made(EventType.name, "", ["name": "mine now"])
            guard case .rejected = try await here.rooms.write(.remote(rejected), in: room) else {
                Issue.record("a name by somebody without power was taken")
                return
            }
            try await here.set(EventType.member, bob.description, to: ["membership": "ban"], in: room, by: alice)
            let softFailed = try made(EventType.message, nil, ["body": "from the past", "msgtype": "m.text"])
            guard case .softFailed = try await here.rooms.write(.remote(softFailed), in: room) else {
                Issue.record("a message of somebody who is banned was taken")
                return
            }
            try await here.join(there, "carol", to: room)
            try await expect(.notFound, 404) { _ = try await here.history.event(rejected.eventID, for: there.name) }
            #expect(texts([try await here.history.event(softFailed.eventID, for: there.name)]) == ["from the past"])
            let end = try await here.say("end", in: room, by: alice)
            let all = try await here.history.backfill(room.roomID, from: [end], limit: 100, for: there.name)
            #expect(texts(all) == ["end", "start"])
            #expect(!all.contains { $0.eventID == rejected.eventID || $0.eventID == softFailed.eventID })
        }
    }
}
