import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// History of a joined room that other servers have.
@Suite struct HistoryTests {
    @Test(arguments: [RoomVersion.v10, .v12])
    func readsBackBeyondTheJoin(version: RoomVersion) async throws {
        let server = try ResidentServer(version: version)
        for number in 0..<120 {
            try server.say("\(number)")
            if number % 30 == 29 {
                try server.add(EventType.name, "", by: server.user("anna"), ["name": .string("\(number)")])
            }
        }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            #expect(try await here.messages(server, for: bob) == (0..<120).reversed().map { "\($0)" })
            let room = try await here.room(server)
            #expect(try await here.rooms.reader.eventStore.missing(in: room.nid, limit: 9).isEmpty)
            // What is read changes nothing of the present.
            #expect(try await here.state(server) == Set(server.current.values.map(\.eventID)))
            let calls = server.calls.filter { $0 == "backfill" }.count
            _ = try await here.messages(server, for: bob)
            #expect(server.calls.filter { $0 == "backfill" }.count == calls)
        }
    }

    @Test func showsNothingFromBeforeTheJoinWhereThatIsTheRule() async throws {
        let server = try ResidentServer()
        try server.say("open")
        try server.add(
            EventType.historyVisibility, "", by: server.user("anna"), ["history_visibility": "joined"])
        try server.say("secret")
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            #expect(try await here.messages(server, for: bob) == ["open"])
        }
    }

    @Test func storesOnlyWhatWasAskedForAndWhatThatCites() async throws {
        let server = try ResidentServer()
        try server.say("one")
        let last = try server.say("two")
        // Signed by the server, in the room, and cited by nothing that we know.
        let stray = try server.build(
            EventType.message, nil, by: server.user("anna"), ["msgtype": "m.text", "body": "stray"]
        )
        .signed(by: server.name, with: server.key)
        server.change("backfill") { answer in
            var answer = answer
            let forged = (answer["pdus"]?.array ?? []).map { event -> JSONValue in
                guard event["content"]?["body"] == "one" else { return event }
                var event = event
                event["origin_server_ts"] = 5
                return event
            }
            answer["pdus"] = .array([ResidentServer.json(stray)] + forged)
            return answer
        }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            #expect(try await here.messages(server, for: bob) == ["two"])
            let room = try await here.room(server)
            #expect(try await here.rooms.reader.events.event(stray.eventID, in: room) == nil)
            #expect(
                try await here.rooms.reader.eventStore.missing(in: room.nid, limit: 9).map(\.eventID) == last.prevEvents
            )
        }
    }

    @Test func tellsTheStateBeforeAnEvent() async throws {
        let server = try ResidentServer()
        let name = try server.add(EventType.name, "", by: server.user("anna"), ["name": "a"])
        let event = try server.say("one")
        for number in 0..<120 {
            let user = server.user("user\(number)")
            try server.add(EventType.member, user.description, by: user, ["membership": "join"])
        }
        try server.add(EventType.name, "", by: server.user("anna"), ["name": "b"])
        let late = try server.say("two")
        try await JoiningInstallation.with(server) { here in
            let room = try await here.rooms.ensureRoom(server.roomID, version: .v12)
            // Nothing is here: the whole state is fetched. Then only what is new is.
            for (event, named, call) in [(late, "b", "state"), (event, "a", "event")] {
                let found = try #require(
                    try await here.state.fetch(before: event.eventID, in: room, from: [server.name]))
                for pack in found.packs { here.rooms.reader.packs.keep(pack.pack, as: pack.number, room: room.nid) }
                let state = here.rooms.reader.snapshot(of: room, at: found.root)
                #expect(try await state.content(EventType.name)?["name"]?.string == named)
                #expect(server.calls.last == call)
                #expect(found.root.count == (named == "b" ? 126 : 6))
            }
            #expect(try await here.rooms.reader.events.event(name.eventID, in: room) != nil)
            #expect(try await here.state.fetch(before: name.eventID, in: room, from: []) == nil)
        }
    }

    @Test func believesNoStateWithoutACreateEvent() async throws {
        let server = try ResidentServer(version: .v11)
        let event = try server.say("one")
        let create = try #require(server.events.first).eventID.description
        server.change("state_ids") { answer in
            var answer = answer
            answer["pdu_ids"] = .array((answer["pdu_ids"]?.array ?? []).filter { $0.string != create })
            return answer
        }
        try await JoiningInstallation.with(server) { here in
            let room = try await here.rooms.ensureRoom(server.roomID, version: .v11)
            #expect(try await here.state.fetch(before: event.eventID, in: room, from: [server.name]) == nil)
        }
    }
}
