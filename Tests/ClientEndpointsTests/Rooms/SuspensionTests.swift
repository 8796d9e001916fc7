import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
struct SuspensionTests {
    @Test func suspendedUsersWriteNothingNewIntoRooms() async throws {
        try await SyncAPI.with { api in
            let (room, theirs) = try await api.room(by: "alice")
            let other = try await api.room(by: "alice").room
            #expect(await api.ask(.post, "/join/\(room)", [:], as: "bob").status == 200)
            let attempts: [(HTTPRequest.Method, String, JSONValue)] = [
                (.post, "/createRoom", [:]),
                (.post, "/join/\(other)", [:]),
                (.post, "/rooms/\(other)/join", [:]),
                (.post, "/knock/\(other)", [:]),
                (.post, "/rooms/\(room)/invite", ["user_id": "@carol:example.org"]),
                (.post, "/rooms/\(room)/kick", ["user_id": "@alice:example.org"]),
                (.post, "/rooms/\(room)/ban", ["user_id": "@alice:example.org"]),
                (.post, "/rooms/\(room)/unban", ["user_id": "@alice:example.org"]),
                (.put, "/rooms/\(room)/send/m.room.message/1", ["msgtype": "m.text", "body": "hello"]),
                (.put, "/rooms/\(room)/send/m.room.redaction/2", ["redacts": .string(theirs)]),
                (.put, "/rooms/\(room)/redact/\(theirs)/3", [:]),
                (.put, "/rooms/\(room)/state/m.room.name", ["name": "Mine"]),
                (
                    .put, "/rooms/\(room)/state/m.room.member/@bob:example.org",
                    ["membership": "join", "displayname": "B"]
                ),
                (.put, "/rooms/\(room)/state/m.room.member/@alice:example.org", ["membership": "leave"]),
            ]
            for (method, path, body) in attempts {
                let answer = await api.ask(method, path, body, as: "suspended.bob")
                #expect(answer.status == 403, "\(path)")
                #expect(answer.errcode == "M_USER_SUSPENDED", "\(path)")
            }
            #expect(await api.ask(.get, "/joined_rooms", as: "bob")["joined_rooms"] == [.string(room)])
        }
    }

    @Test func suspendedUsersReadAndTakeBackTheirWordsAndLeave() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let second = try await api.room(by: "alice").room
            for id in [room, second] { #expect(await api.ask(.post, "/join/\(id)", [:], as: "bob").status == 200) }
            var said: [String] = []
            for number in 0..<2 {
                let sent = await api.ask(
                    .put, "/rooms/\(room)/send/m.room.message/\(number)", ["msgtype": "m.text", "body": "x"], as: "bob")
                said.append(try #require(sent["event_id"]?.string))
            }
            let bob = "suspended.bob"
            #expect(await api.ask(.get, "/sync", as: bob)["rooms"]?["join"]?[room] != nil)
            #expect(await api.ask(.get, "/rooms/\(room)/messages?dir=b", as: bob).status == 200)
            let read = await api.ask(.post, "/rooms/\(room)/receipt/m.read/\(said[0])", [:], as: bob)
            #expect(read.status == 200)
            #expect(await api.ask(.put, "/rooms/\(room)/redact/\(said[0])/a", [:], as: bob).status == 200)
            let redaction = await api.ask(
                .put, "/rooms/\(room)/send/m.room.redaction/b", ["redacts": .string(said[1])], as: bob)
            #expect(redaction.status == 200)
            for id in said {
                #expect(await api.ask(.get, "/rooms/\(room)/event/\(id)", as: "alice")["content"] == [:])
            }
            let member = "/rooms/\(second)/state/m.room.member/@bob:example.org"
            #expect(await api.ask(.put, member, ["membership": "leave"], as: bob).status == 200)
            #expect(await api.ask(.post, "/rooms/\(room)/leave", [:], as: bob).status == 200)
            #expect(await api.ask(.get, "/joined_rooms", as: bob)["joined_rooms"] == [])
        }
    }
}
