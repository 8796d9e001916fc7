import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// ATTACKS 30 and 33 at rest: one room that another server has spoilt takes nothing else away: every endpoint answers, and both syncs go on.
@Suite struct HostileRoomTests {
    @Test(arguments: [RoomVersion.v6, .v12], Array(HostileRoom.finals))
    func everythingElseGoesOn(version: RoomVersion, final: Int) async throws {
        try await SyncAPI.with { api in
            var hostile = try await HostileRoom(api, version: version)
            let before = await Syncs(api, since: nil)
            try await hostile.spoil(with: final)
            try await api.index()
            let note: Comment = "version \(version.identifier), nonsense \(final)"
            await Syncs(api, since: before).check(hostile, isIncremental: true, note)
            await Syncs(api, since: nil).check(hostile, isIncremental: false, note)
            await readEverything(of: hostile, note)
            await doEverything(in: hostile, note)
            await Syncs(api, since: nil).check(hostile, isIncremental: false, note)
        }
    }

    private func expectAnswer(_ answer: EndpointAnswer, _ what: String, _ note: Comment) {
        #expect((200..<500).contains(answer.status), "\(what): \(answer), \(note)")
    }

    private func readEverything(of hostile: HostileRoom, _ note: Comment) async {
        let (api, room) = (hostile.api, hostile.room)
        let v1 = "/_matrix/client/v1"
        let rooms = "/_matrix/client/v3/rooms/\(room)"
        var paths = [
            "messages?dir=b&limit=100", "messages?dir=f&limit=100", "members", "members?membership=join",
            "joined_members",
            "state", "aliases", "initialSync?limit=100",
        ].map { (path: "\(rooms)/\($0)", isCertain: true) }
        paths += [
            "name", "topic", "avatar", "canonical_alias", "history_visibility", "tombstone", "server_acl", "create",
        ]
        .flatMap { [("\(rooms)/state/m.room.\($0)", true), ("\(rooms)/state/m.room.\($0)/?format=event", true)] }
        paths += [
            ("\(v1)/rooms/\(room)/threads", true), ("\(v1)/rooms/\(room)/threads?include=participated", true),
            ("\(v1)/rooms/\(room)/timestamp_to_event?ts=0&dir=f", true), ("\(v1)/rooms/\(room)/hierarchy", true),
            ("\(v1)/room_summary/\(room)", true), ("/_matrix/client/v3/initialSync?limit=100", true),
            ("/_matrix/client/v3/notifications?limit=100", true), ("/_matrix/client/v3/publicRooms", true),
            ("/_matrix/client/v3/events?room_id=\(room)&timeout=0", true),
            ("/_matrix/client/v1/mutual_rooms?user_id=@alice:example.org", true),
        ]
        for event in hostile.events.suffix(30) {
            let id = event.description.replacing("/", with: "%2F").replacing("$", with: "%24")
            paths += [
                ("\(rooms)/event/\(id)", false), ("\(rooms)/context/\(id)", false),
                ("\(v1)/rooms/\(room)/relations/\(id)?recurse=true", false),
            ]
        }
        for (path, isCertain) in paths {
            let answer = await api.ask(.get, at: path, as: "bob")
            expectAnswer(answer, path, note)
            // The room can be read, whatever is in it; only single things may not be there.
            if isCertain, !path.contains("/state/"), !path.contains("timestamp_to_event") {
                #expect(answer.status == 200, "\(path): \(answer), \(note)")
            }
        }
        for (path, body) in [
            ("/search", ["search_categories": ["room_events": ["search_term": "x hello"]]] as JSONValue),
            ("/publicRooms", ["filter": ["generic_search_term": "x"]]),
            ("/user_directory/search", ["search_term": "x"]),
        ] {
            let answer = await api.ask(.post, path, body, as: "bob")
            #expect(answer.status == 200, "\(path): \(answer), \(note)")
        }
    }

    private func doEverything(in hostile: HostileRoom, _ note: Comment) async {
        let (api, rooms) = (hostile.api, "/rooms/\(hostile.room)")
        func ask(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue = [:], as user: String) async {
            expectAnswer(await api.ask(method, rooms + path, body, as: user), path, note)
        }
        for event in hostile.events.suffix(3) {
            let id = event.description.replacing("/", with: "%2F").replacing("$", with: "%24")
            await ask(.post, "/receipt/m.read/\(id)", as: "bob")
            await ask(.put, "/redact/\(id)/1", as: "alice")
            await ask(
                .put, "/send/m.room.message/\(id)",
                ["body": "x", "m.relates_to": ["rel_type": "m.thread", "event_id": .string(event.description)]],
                as: "bob")
        }
        await ask(.put, "/typing/@bob:example.org", ["typing": true, "timeout": 1000], as: "bob")
        for path in ["/join", "/leave", "/join"] { await ask(.post, path, as: "carol") }
        await ask(.post, "/invite", ["user_id": "@dave:example.org"], as: "alice")
        await ask(.post, "/kick", ["user_id": "@mallory:mallory.example"], as: "alice")
        await ask(.put, "/state/m.room.name", ["name": "mended"], as: "alice")
        for version in ["11", "12"] {
            expectAnswer(
                await api.ask(.post, rooms + "/upgrade", ["new_version": .string(version)], as: "alice"), "upgrade",
                note)
        }
        await ask(.post, "/leave", as: "carol")
        await ask(.post, "/forget", as: "carol")
    }
}

/// What both syncs say to a user who is in both rooms, by several ways of asking.
private struct Syncs {
    private var rooms: [(name: String, join: JSONValue?)] = []
    private var since = ""
    private var position = ""

    init(_ api: SyncAPI, since before: Syncs?) async {
        let after = before.map { "since=\($0.since)&" } ?? ""
        for query in [
            "", "use_state_after=true&", "full_state=true&",
            #"filter=%7B%22room%22:%7B%22state%22:%7B%22lazy_load_members%22:true%7D,%22timeline%22:%7B%22limit%22:50%7D%7D%7D&"#,
        ] {
            let answer = await api.ask(.get, "/sync?\(after)\(query)timeout=0", as: "bob")
            rooms.append(("sync \(query)\(answer.status)", answer["rooms"]?["join"]))
            since = answer["next_batch"]?.string ?? ""
        }
        let list: JSONValue = [
            "range": [0, 9], "timeline_limit": 20, "required_state": ["include": [[:]], "lazy_members": true],
        ]
        let filtered: JSONValue = [
            "range": [0, 9], "timeline_limit": 1, "filters": ["is_encrypted": true, "not_room_types": ["m.space"]],
        ]
        let pos = before.map { "?pos=\($0.position)" } ?? ""
        let answer = await api.ask(
            .post, at: SlidingSyncTests.stable + pos, ["lists": ["a": list, "b": filtered]], as: "bob")
        rooms.append(("sliding sync \(answer.status)", answer["rooms"]))
        position = answer["pos"]?.string ?? ""
    }

    func check(_ hostile: HostileRoom, isIncremental: Bool, _ note: Comment) {
        for (name, join) in rooms {
            #expect(join?[hostile.room] != nil, "\(name) tells of the room, \(note)")
            let isTold = join?[hostile.good] != nil
            // In a step from one place to another nothing happened in the good room.
            #expect(isTold || (isIncremental && !name.contains("full_state")), "\(name), \(note)")
        }
    }
}
