import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: MSC4140
struct DelayedEventTests {
    private static let unstable = "/_matrix/client/unstable/org.matrix.msc4140"
    private static let hello: JSONValue = ["msgtype": "m.text", "body": "hello"]

    private func schedule(
        _ api: SyncAPI, in room: String, _ transaction: String = "t", delay: JSONValue = 60_000,
        stateKey: String? = nil,
        type: String = "m.room.message", content: JSONValue = hello, as user: String = "alice"
    ) async -> EndpointAnswer {
        var body: [String: JSONValue] = ["delay_ms": delay, "content": content]
        if let stateKey { body["state_key"] = .string(stateKey) }
        return await api.ask(
            .put, at: "\(Self.unstable)/rooms/\(room)/delayed_event/\(type)/\(transaction)", .object(body), as: user)
    }

    private func manage(_ api: SyncAPI, _ id: String, _ action: String, as user: String? = "alice") async
        -> EndpointAnswer
    {
        await api.ask(.post, at: "\(Self.unstable)/delayed_events/\(id)/\(action)", [:], as: user)
    }

    private func details(_ api: SyncAPI, _ id: String, as user: String = "alice") async -> EndpointAnswer {
        await api.ask(.get, at: "\(Self.unstable)/delayed_events/\(id)", as: user)
    }

    @Test func aScheduledEventIsListedAndSentOnDemand() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let id = try #require(await schedule(api, in: room)["delay_id"]?.string)
            #expect(await schedule(api, in: room)["delay_id"]?.string == id, "the same transaction")
            let other = try #require(
                await schedule(
                    api, in: room, "u", delay: 1000, stateKey: "", type: "m.room.topic", content: ["topic": "x"])[
                        "delay_id"]?.string)
            let listed = await api.ask(.get, at: "\(Self.unstable)/delayed_events", as: "alice")["delayed_events"]
            #expect(listed?.array?.compactMap { $0["delay_id"]?.string } == [other, id], "by when they are due")
            #expect(listed?.array?.first?["state_key"] == "")
            #expect(listed?.array?.last?["state_key"] == nil)
            #expect(listed?.array?.last?["content"] == Self.hello)
            #expect(listed?.array?.last?["delay_ms"] == 60_000)
            let theirs = await api.ask(.get, at: "\(Self.unstable)/delayed_events", as: "bob")["delayed_events"]
            #expect(theirs == [])

            #expect(await manage(api, id, "send").status == 200)
            #expect(await manage(api, id, "send").status == 200, "it was sent")
            let sent = await details(api, id)
            let event = try #require(sent["event_id"]?.string)
            #expect(sent["finalised_ts"]?.int != nil)
            let mine = await api.ask(.get, "/rooms/\(room)/event/\(event)", as: "alice")
            #expect(mine["content"] == Self.hello)
            #expect(mine["unsigned"]?["org.matrix.msc4140.delay_id"]?.string == id)
            #expect(await api.ask(.post, "/join/\(room)", [:], as: "bob").status == 200)
            let others = await api.ask(.get, "/rooms/\(room)/event/\(event)", as: "bob")
            #expect(others["content"] == Self.hello)
            #expect(others["unsigned"]?["org.matrix.msc4140.delay_id"] == nil, "for its sender only")

            #expect(await manage(api, id, "cancel").status == 409)
            #expect(await manage(api, id, "restart").errcode == "M_NOT_FOUND")
        }
    }

    @Test func aCancelledEventStaysCancelled() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let id = try #require(await schedule(api, in: room)["delay_id"]?.string)
            #expect(await manage(api, id, "restart").status == 200)
            #expect(await manage(api, id, "cancel", as: "bob").errcode == "M_NOT_FOUND", "another's")
            #expect(await manage(api, id, "cancel", as: nil).status == 200, "whoever knows the id")
            #expect(await manage(api, id, "cancel").status == 200)
            for action in ["send", "restart"] {
                let answer = await manage(api, id, action)
                #expect(answer.status == 409)
                #expect(answer.errcode == "M_UNKNOWN")
            }
            #expect(await manage(api, "nonsense", "cancel").errcode == "M_NOT_FOUND")
            #expect(await manage(api, id, "frobnicate").errcode == "M_UNRECOGNIZED")
            let cancelled = await details(api, id)
            #expect(cancelled["finalised_ts"]?.int != nil)
            #expect(cancelled["event_id"] == nil)
            #expect(cancelled["error"] == nil)
            #expect(await details(api, id, as: "bob").errcode == "M_NOT_FOUND")
        }
    }

    @Test func whatMayNotBeSentWaitsOn() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            // Nobody has to be in the room to schedule something.
            let id = try #require(await schedule(api, in: room, as: "bob")["delay_id"]?.string)
            #expect(await manage(api, id, "send", as: "bob").errcode == "M_FORBIDDEN")
            #expect(await details(api, id, as: "bob")["finalised_ts"] == nil)
            #expect(await api.ask(.post, "/join/\(room)", [:], as: "bob").status == 200)
            #expect(await manage(api, id, "send", as: "bob").status == 200)
        }
    }

    @Test func clientsOfTodayAskWithSendAndState() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let query = "?org.matrix.msc4140.delay=60000&org.matrix.msc4354.sticky_duration_ms=300000"
            let sent = await api.ask(.put, "/rooms/\(room)/send/m.room.message/x\(query)", Self.hello, as: "alice")
            let id = try #require(sent["delay_id"]?.string)
            #expect(sent["event_id"] == nil)
            let state = await api.ask(
                .put, "/rooms/\(room)/state/m.room.topic/\(query)", ["topic": "later"], as: "alice")
            let second = try #require(state["delay_id"]?.string)
            for (id, action) in [(id, "send"), (second, "send")] {
                let answer = await api.ask(
                    .post, at: "\(Self.unstable)/delayed_events/\(id)", ["action": .string(action)], as: nil)
                #expect(answer.status == 200)
            }
            #expect(await api.ask(.get, "/rooms/\(room)/state/m.room.topic", as: "alice")["topic"] == "later")
            let event = try #require(await details(api, id)["event_id"]?.string)
            let shown = await api.ask(.get, "/rooms/\(room)/event/\(event)", as: "alice")
            #expect(shown["msc4354_sticky"] == ["duration_ms": 300_000])

            let long = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/y?org.matrix.msc4140.delay=999999999999", Self.hello,
                as: "alice")
            #expect(long.status == 400)
            #expect(long.errcode == "M_UNKNOWN")
            #expect(long["org.matrix.msc4140.errcode"] == "M_MAX_DELAY_EXCEEDED")
            #expect(long["org.matrix.msc4140.max_delay"] == 86_400_000)
            for wrong in [
                "org.matrix.msc4140.delay=0", "org.matrix.msc4140.delay=-1", "org.matrix.msc4140.delay=soon",
                "org.matrix.msc4354.sticky_duration_ms=3600001", "org.matrix.msc4354.sticky_duration_ms=-1",
            ] {
                let answer = await api.ask(
                    .put, "/rooms/\(room)/send/m.room.message/z?\(wrong)", Self.hello, as: "alice")
                #expect(answer.errcode == "M_INVALID_PARAM", "\(wrong)")
            }
        }
    }

    @Test(
        arguments: [
            (["delay_ms": 0, "content": [:]], 400, "M_INVALID_PARAM"),
            (["delay_ms": "1", "content": [:]], 400, "M_BAD_JSON"),
            (["content": [:]], 400, "M_MISSING_PARAM"),
            (["delay_ms": 1], 400, "M_MISSING_PARAM"),
            (["delay_ms": 1, "content": []], 400, "M_BAD_JSON"),
            (["delay_ms": 1, "content": [:], "state_key": 1], 400, "M_BAD_JSON"),
            (["delay_ms": 86_400_001, "content": [:]], 403, "M_FORBIDDEN"),
        ] as [(JSONValue, Int, String)])
    func refusesWhatCannotBeScheduled(body: JSONValue, status: Int, errcode: String) async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let answer = await api.ask(
                .put, at: "\(Self.unstable)/rooms/\(room)/delayed_event/m.room.message/1", body, as: "alice")
            #expect(answer.status == status)
            #expect(answer.errcode == errcode)
        }
    }

    @Test func aUserMayHaveSoManyWaiting() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            var ids: [String] = []
            for number in 0..<100 {
                ids.append(try #require(await schedule(api, in: room, "t\(number)")["delay_id"]?.string))
            }
            let full = await schedule(api, in: room, "more")
            #expect(full.status == 429)
            #expect(full.errcode == "M_LIMIT_EXCEEDED")
            #expect((full["retry_after_ms"]?.int ?? 0) > 50_000)
            #expect(await schedule(api, in: room, "t0")["delay_id"]?.string == ids[0], "a repetition is none more")
            #expect(await schedule(api, in: room, as: "bob").status == 200, "each by themselves")
            #expect(await manage(api, ids[0], "cancel").status == 200)
            #expect(await schedule(api, in: room, "more").status == 200)
        }
    }
}
