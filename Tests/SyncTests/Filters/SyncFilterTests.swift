import ApusTesting
import MatrixCore
import Rooms
import Storage
import Sync
import Testing

struct SyncFilterTests {
    @Test(arguments: [
        #"{"event_format":"xml"}"#, #"{"event_fields":"a"}"#, #"{"room":[]}"#, #"{"room":{"timeline":{"limit":"5"}}}"#,
        #"{"room":{"include_leave":1}}"#, "[]", "{", "12345", "-1", "nonsense",
    ])
    func refusesWhatIsNoFilter(filter: String) async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                do {
                    _ = try await worker.sync(alice, filter: filter)
                    Issue.record("accepted")
                } catch let error as MatrixError {
                    #expect(error.status == 400)
                }
            }
        }
    }

    @Test func takesAFilterByItsNumber() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let alice = try await worker.user("alice")
                let (room, other) = (try await worker.room(by: alice), try await worker.room(by: alice))
                let definition = #"{"room":{"rooms":["\#(room)"],"timeline":{"types":["m.room.message"],"limit":2}}}"#
                let number = try #require(try await worker.filters.define(Array(definition.utf8), for: alice.nid))
                for text in ["1", "2", "3"] { try await worker.say(text, in: room, as: alice) }
                for filter in [definition, "\(number)"] {
                    let answer = try await worker.sync(alice, filter: filter)
                    #expect(answer.bodies(room) == ["2", "3"])
                    #expect(answer.room(other) == nil)
                }
            }
        }
    }

    @Test func keepsToTypesSendersAndFields() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                let first = try await worker.sync(alice)
                try await worker.say("from alice", in: room, as: alice)
                try await worker.say("from bob", in: room, as: bob, ["url": "mxc://example.org/a"])
                try await worker.set(EventType.topic, to: ["topic": "t"], in: room, as: alice)
                func bodies(_ timeline: String) async throws -> [String] {
                    try await worker.sync(alice, since: first.next, filter: #"{"room":{"timeline":\#(timeline)}}"#)
                        .bodies(room)
                }
                #expect(try await bodies(#"{"not_senders":["@bob:example.org"]}"#) == ["from alice"])
                #expect(try await bodies(#"{"senders":["@bob:example.org"]}"#) == ["from bob"])
                #expect(try await bodies(#"{"contains_url":true}"#) == ["from bob"])
                #expect(try await bodies(#"{"types":["m.room.t*"]}"#) == [])
                #expect(try await bodies(#"{"not_rooms":["\#(room)"]}"#) == [])
                let fields = try await worker.sync(
                    alice, since: first.next, filter: #"{"event_fields":["type","content.body"]}"#)
                #expect(
                    fields.timeline(room).map { $0.value() } == [
                        ["type": "m.room.message", "content": ["body": "from alice"]],
                        ["type": "m.room.message", "content": ["body": "from bob"]],
                        ["type": "m.room.topic", "content": [:]],
                    ])
                let federation = try await worker.sync(
                    alice, since: first.next, filter: #"{"event_format":"federation"}"#)
                #expect(federation.timeline(room).allSatisfy { $0["auth_events"] != nil && $0["event_id"] != nil })
            }
        }
    }
}
