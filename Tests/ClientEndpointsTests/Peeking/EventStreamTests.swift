import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// The event stream from before there was sync, and looking into rooms from outside.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-previews
@Suite struct EventStreamTests {
    private func bodies(_ events: JSONValue?) -> [String] {
        (events?.array ?? []).compactMap { $0["content"]?["body"]?.string }
    }

    private func open(_ room: String, _ api: SyncAPI) async {
        let answer = await api.ask(
            .put, "/rooms/\(room)/state/m.room.history_visibility", ["history_visibility": "world_readable"],
            as: "alice")
        #expect(answer.status == 200)
    }

    private func say(_ text: String, in room: String, _ api: SyncAPI) async -> String {
        let sent = await api.ask(
            .put, "/rooms/\(room)/send/m.room.message/\(text)", ["msgtype": "m.text", "body": .string(text)],
            as: "alice")
        return sent["event_id"]?.string ?? ""
    }

    @Test func strangersLookIntoOpenRooms() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            for path in ["/rooms/\(room)/initialSync", "/events?room_id=\(room)&timeout=0"] {
                let answer = await api.ask(.get, path, as: "carol")
                #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
            }
            await open(room, api)
            _ = await say("open", in: room, api)
            let start = await api.ask(.get, "/rooms/\(room)/initialSync", as: "carol")
            #expect(start["room_id"]?.string == room)
            #expect(start["membership"] == nil)
            #expect(start["visibility"] == "private")
            // What was said before the room was opened stays unseen.
            #expect(bodies(start["messages"]?["chunk"]) == ["open"])
            #expect(start["state"]?.array?.contains { $0["type"] == "m.room.create" } == true)
            let bare = await api.ask(.get, "/rooms/\(room)/initialSync?limit=0", as: "carol")
            #expect(bare["messages"]?["chunk"] == [] && bare["state"]?.array?.isEmpty == false)
            let token = try #require(start["messages"]?["end"]?.string)
            async let waiting = api.ask(
                .get, "/events?room_id=\(room)&timeout=20000&from=\(token)", as: "carol")
            let said = await say("live", in: room, api)
            let live = await waiting
            #expect(live["chunk"]?.array?.map { $0["event_id"]?.string } == [said])
            #expect(live["chunk"]?.array?.first?["room_id"]?.string == room)
            #expect(live["start"]?.string == token)
            // From the end on there is nothing more, and nothing comes twice.
            let end = try #require(live["end"]?.string)
            let later = await api.ask(.get, "/events?room_id=\(room)&timeout=0&from=\(end)", as: "carol")
            #expect(later.status == 200 && later["chunk"] == [])
            // Without a token it begins now.
            let now = await api.ask(.get, "/events?room_id=\(room)&timeout=0", as: "carol")
            #expect(now["chunk"] == [])
        }
    }

    @Test func membersFollowAllTheirRooms() async throws {
        try await SyncAPI.with { api in
            let first = try await api.room(by: "alice").room
            let second = try await api.room(by: "alice").room
            _ = await api.ask(.post, "/join/\(first)", [:], as: "bob")
            let start = await api.ask(.get, "/initialSync", as: "bob")
            let token = try #require(start["end"]?.string)
            _ = await say("unheard", in: second, api)
            let said = await say("heard", in: first, api)
            let events = await api.ask(.get, "/events?timeout=0&from=\(token)", as: "bob")
            #expect(events["chunk"]?.array?.map { $0["event_id"]?.string } == [said])
            #expect(events["chunk"]?.array?.first?["room_id"]?.string == first)
            let end = try #require(events["end"]?.string)
            #expect(await api.ask(.get, "/events?timeout=0&from=\(end)", as: "bob")["chunk"] == [])
            #expect(await api.ask(.get, "/events?timeout=0", as: "bob")["chunk"] == [])
        }
    }

    @Test func initialSyncTellsRoomsWithTheirStateAsItIs() async throws {
        try await SyncAPI.with { api in
            let (joined, _) = try await api.room(by: "alice")
            let (left, _) = try await api.room(by: "alice")
            let (invited, _) = try await api.room(by: "alice")
            for room in [joined, left] { _ = await api.ask(.post, "/join/\(room)", [:], as: "bob") }
            _ = await api.ask(.post, "/rooms/\(left)/leave", [:], as: "bob")
            _ = await api.ask(.post, "/rooms/\(invited)/invite", ["user_id": "@bob:example.org"], as: "alice")
            for text in ["one", "two", "three"] { _ = await say(text, in: joined, api) }
            _ = await api.ask(.put, "/rooms/\(joined)/state/m.room.name", ["name": "now"], as: "alice")
            let start = await api.ask(.get, "/initialSync?limit=2", as: "bob")
            func room(_ id: String, _ answer: EndpointAnswer) -> JSONValue? {
                answer["rooms"]?.array?.first { $0["room_id"]?.string == id }
            }
            let there = room(joined, start)
            #expect(there?["membership"] == "join")
            #expect(bodies(there?["messages"]?["chunk"]) == ["three"])
            #expect(there?["messages"]?["chunk"]?.array?.count == 2)
            let names = there?["state"]?.array?.filter { $0["type"] == "m.room.name" }
            #expect(names?.map { $0["content"]?["name"] } == ["now"])
            #expect(room(invited, start)?["membership"] == "invite")
            #expect(room(invited, start)?["invite"]?["content"]?["membership"] == "invite")
            #expect(room(left, start) == nil)
            let archived = await api.ask(.get, "/initialSync?archived=true", as: "bob")
            #expect(room(left, archived)?["membership"] == "leave")
            // Going back from where the messages begin leads on.
            let from = try #require(there?["messages"]?["start"]?.string)
            let page = await api.ask(.get, "/rooms/\(joined)/messages?dir=b&from=\(from)&limit=2", as: "bob")
            #expect(bodies(page["chunk"]) == ["two", "one"])
        }
    }

    @Test func singleEventsNeedNoRoom() async throws {
        try await SyncAPI.with { api in
            let (room, said) = try await api.room(by: "alice")
            let event = await api.ask(.get, "/events/\(said)", as: "alice")
            #expect(event["event_id"]?.string == said && event["room_id"]?.string == room)
            let nothing = "$" + String(repeating: "b", count: 43)
            for (id, user) in [(said, "mallory"), (nothing, "alice")] {
                let answer = await api.ask(.get, "/events/\(id)", as: user)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
        }
    }

    @Test func tokensOfNobodyAreRefused() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            for from in ["x", "t1-2-3", "s", "sAAAA"] {
                for path in ["/events?timeout=0&from=\(from)", "/events?timeout=0&from=\(from)&room_id=\(room)"] {
                    #expect(await api.ask(.get, path, as: "alice").status == 400, "\(path)")
                }
            }
        }
    }
}
