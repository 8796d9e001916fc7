import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// What is told with events beyond themselves.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#definition-clientevent_unsigneddata
@Suite struct UnsignedTests {
    private func event(_ api: SyncAPI, _ room: String, _ id: String?, as user: String) async -> JSONValue? {
        await api.ask(.get, "/rooms/\(room)/event/\(id ?? "")", as: user)["unsigned"]
    }

    @Test func stateEventsTellWhatTheyReplace() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            func name(_ text: String) async -> String? {
                await api.ask(.put, "/rooms/\(room)/state/m.room.name", ["name": .string(text)], as: "alice")[
                    "event_id"]?.string
            }
            let first = await name("one")
            #expect(await event(api, room, first, as: "alice")?["replaces_state"] == nil)
            _ = await api.ask(
                .put, "/rooms/\(room)/state/m.room.history_visibility", ["history_visibility": "joined"], as: "alice")
            let hidden = await name("hidden")
            _ = await api.ask(
                .put, "/rooms/\(room)/state/m.room.history_visibility", ["history_visibility": "world_readable"],
                as: "alice")
            let second = await name("two")
            let told = await event(api, room, second, as: "alice")
            #expect(told?["replaces_state"]?.string == hidden)
            #expect(told?["prev_content"] == ["name": "hidden"])
            #expect(told?["membership"] == "join")
            // Who could not see it is told that there was something, and not what.
            let stranger = await event(api, room, second, as: "carol")
            #expect(stranger?["replaces_state"]?.string == hidden)
            #expect(stranger?["prev_content"] == nil)
            #expect(stranger?["membership"] == "leave")
            let state = await api.ask(.get, "/rooms/\(room)/state/m.room.name?format=event", as: "alice")
            #expect(state["event_id"]?.string == second)
            #expect(state["unsigned"]?["prev_content"] == ["name": "hidden"])
        }
    }

    @Test func membershipIsThatOfTheReaderAtTheEvent() async throws {
        try await SyncAPI.with { api in
            let (room, before) = try await api.room(by: "alice")
            _ = await api.ask(.post, "/rooms/\(room)/invite", ["user_id": "@bob:example.org"], as: "alice")
            let invited = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/2", ["body": "2"], as: "alice")["event_id"]?.string
            _ = await api.ask(.post, "/join/\(room)", [:], as: "bob")
            let joined = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/3", ["body": "3"], as: "alice")["event_id"]?.string
            #expect(await event(api, room, before, as: "bob")?["membership"] == "leave")
            #expect(await event(api, room, invited, as: "bob")?["membership"] == "invite")
            #expect(await event(api, room, joined, as: "bob")?["membership"] == "join")
            // What the event itself changes counts.
            let page = await api.ask(.get, "/rooms/\(room)/messages?dir=b&limit=50", as: "bob")
            let own = (page["chunk"]?.array ?? []).filter { $0["state_key"] == "@bob:example.org" }
            #expect(own.map { $0["unsigned"]?["membership"] } == ["join", "invite"])
        }
    }

    @Test func onlyTheSenderIsToldTheTransaction() async throws {
        try await SyncAPI.with { api in
            let (room, said) = try await api.room(by: "alice")
            _ = await api.ask(.post, "/join/\(room)", [:], as: "bob")
            #expect(await event(api, room, said, as: "alice")?["transaction_id"] == "1")
            let theirs = await event(api, room, said, as: "bob")
            #expect(theirs?["transaction_id"] == nil)
            #expect((theirs?["age"]?.int ?? -1) >= 0)
        }
    }

    @Test func redactedEventsTellBecauseOfWhat() async throws {
        try await SyncAPI.with { api in
            let (room, said) = try await api.room(by: "alice")
            let redaction = await api.ask(
                .put, "/rooms/\(room)/redact/\(said)/2", ["reason": "spam"], as: "alice")["event_id"]?.string
            let because = await event(api, room, said, as: "alice")?["redacted_because"]
            #expect(because?["event_id"]?.string == redaction)
            #expect(because?["content"]?["reason"] == "spam")
            #expect(because?["unsigned"]?["age"] != nil)
        }
    }
}
