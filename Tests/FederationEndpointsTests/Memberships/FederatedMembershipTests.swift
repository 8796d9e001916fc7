import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct FederatedMembershipTests {
    @Test func theyJoinAndLeave() async throws {
        try await FederatedRoomAPI.with { api in
            let room = try await api.room(by: try await api.account("alice"))
            let path = room.roomID.description
            let draft = try await api.ask(
                .get, "v1/make_join", path, api.them("bob").description, query: "ver=11&ver=12")
            #expect(draft.status == 200)
            #expect(draft["room_version"] == "12")
            #expect(draft["event"]?["origin"] == "example.org")
            #expect(draft["event"]?["hashes"] == nil)
            let join = try api.complete(draft)
            let joined = try await api.ask(
                .put, "v2/send_join", path, join.eventID.description, body: join.json.value())
            #expect(joined.status == 200)
            #expect(joined["event"] == join.json.value())
            #expect(joined["members_omitted"] == false)
            #expect(joined["origin"] == "example.org")
            #expect(joined["servers_in_room"] == ["example.org"])
            for name in ["state", "auth_chain"] {
                guard case .array(let events)? = joined[name] else { throw TestFailure.noEvents }
                #expect(events.contains { $0["type"] == "m.room.create" })
            }
            #expect(try await api.membership(of: api.them("bob"), in: room) == .join)

            let leave = try await api.draft("leave", "bob", in: room)
            let left = try await api.ask(
                .put, "v2/send_leave", path, leave.eventID.description, body: leave.json.value())
            #expect(left.status == 200 && left.body == [:])
            #expect(try await api.membership(of: api.them("bob"), in: room) == .leave)
        }
    }

    private enum TestFailure: Error { case noEvents }

    @Test func olderServersJoinAndLeave() async throws {
        try await FederatedRoomAPI.with { api in
            let room = try await api.room(by: try await api.account("alice"), version: .v6)
            let path = room.roomID.description
            let join = try await api.draft("join", "bob", in: room)
            let joined = try await api.ask(
                .put, "v1/send_join", path, join.eventID.description, body: join.json.value())
            guard case .array(let parts) = joined.body else {
                Issue.record("not the old form: \(joined.status)")
                return
            }
            #expect(parts.count == 2 && parts.first == 200 && parts.last?["state"] != nil)
            let leave = try await api.draft("leave", "bob", in: room)
            let left = try await api.ask(
                .put, "v1/send_leave", path, leave.eventID.description, body: leave.json.value())
            #expect(left.body == [200, [:]])
        }
    }

    @Test func theyKnock() async throws {
        try await FederatedRoomAPI.with { api in
            let alice = try await api.account("alice")
            let room = try await api.room(by: alice)
            _ = try await api.send(EventType.joinRules, "", ["join_rule": "knock"], in: room, by: alice)
            let knock = try await api.draft("knock", "bob", in: room)
            let answer = try await api.ask(
                .put, "v1/send_knock", room.roomID.description, knock.eventID.description, body: knock.json.value())
            #expect(answer.status == 200)
            guard case .array(let state)? = answer["knock_room_state"] else {
                Issue.record("no state")
                return
            }
            #expect(state.first?["type"] == "m.room.create")
            #expect(try await api.membership(of: api.them("bob"), in: room) == .knock)
        }
    }

    @Test func theyInvite() async throws {
        try await FederatedRoomAPI.with { api in
            let alice = try await api.account("alice")
            let roomID = try #require(RoomID("!far:theirs.example"))
            let invite = try api.invite(alice.userID, to: roomID, version: .v10)
            let answer = try await api.ask(
                .put, "v2/invite", roomID.description, invite.eventID.description,
                body: ["room_version": "10", "event": invite.json.value(), "invite_room_state": []])
            #expect(answer.status == 200)
            #expect(answer["event"]?["signatures"]?["example.org"] != nil)

            let other = try #require(RoomID("!old:theirs.example"))
            let old = try api.invite(alice.userID, to: other, version: .v2)
            guard case .object(var event) = old.json.value() else { return }
            event["unsigned"] = [
                "invite_room_state": [
                    [
                        "type": "m.room.name", "state_key": "", "sender": "@bob:theirs.example",
                        "content": ["name": "Old"],
                    ]
                ]
            ]
            let oldAnswer = try await api.ask(
                .put, "v1/invite", other.description, old.eventID.description, body: .object(event))
            guard case .array(let parts) = oldAnswer.body else {
                Issue.record("not the old form: \(oldAnswer.status) \(oldAnswer.body)")
                return
            }
            #expect(parts.first == 200)
            #expect(parts.last?["event"]?["signatures"]?["example.org"] != nil)
            let room = try #require(try await api.rooms.reader.room(other))
            let kept = try await api.rooms.reader.memberships.membership(of: alice.nid, in: room.nid)
            let told = String(decoding: try #require(kept?.strippedState), as: UTF8.self)
            #expect(told.contains("Old"))
        }
    }

    @Test func saysWhatIsWrong() async throws {
        try await FederatedRoomAPI.with { api in
            let alice = try await api.account("alice")
            let room = try await api.room(by: alice)
            let path = room.roomID.description
            let bob = api.them("bob").description
            let unsigned = try await api.ask(.get, "v1/make_join", path, bob, signed: false)
            #expect(unsigned.status == 401)
            let version = try await api.ask(.get, "v1/make_join", path, bob)
            #expect(version.errcode == "M_INCOMPATIBLE_ROOM_VERSION" && version["room_version"] == "12")
            let stranger = try await api.ask(.get, "v1/make_join", path, alice.userID.description, query: "ver=12")
            #expect(stranger.status == 403 && stranger.errcode == "M_FORBIDDEN")
            let unknown = try await api.ask(.get, "v1/make_join", "!x:example.org", bob, query: "ver=12")
            #expect(unknown.status == 404 && unknown.errcode == "M_NOT_FOUND")
            let broken = try await api.ask(.get, "v1/make_join", "room", bob, query: "ver=12")
            #expect(broken.status == 400 && broken.errcode == "M_INVALID_PARAM")

            let join = try await api.draft("join", "bob", in: room)
            for body in [[:], ["type": "m.room.member"], []] as [JSONValue] {
                let answer = try await api.ask(.put, "v2/send_join", path, join.eventID.description, body: body)
                #expect(answer.status == 400, "\(body)")
            }
            let misplaced = try await api.ask(.put, "v2/send_join", path, "$other", body: join.json.value())
            #expect(misplaced.status == 400 && misplaced.errcode == "M_INVALID_PARAM")
            let nothing = try await api.ask(.put, "v2/invite", path, join.eventID.description, body: [:])
            #expect(nothing.status == 400 && nothing.errcode == "M_MISSING_PARAM")
            #expect(try await api.membership(of: api.them("bob"), in: room) == nil)
        }
    }
}
