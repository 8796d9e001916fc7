import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct InviteUserTests {
    @Test(
        arguments: [
            (["id_server": "is.test", "medium": "email", "address": "a@b.c"], 400, "M_MISSING_PARAM"),
            (["id_server": "is.test", "id_access_token": "t", "medium": "email"], 400, "M_MISSING_PARAM"),
            (["id_access_token": "t", "medium": "email", "address": "a@b.c"], 400, "M_MISSING_PARAM"),
            (
                ["id_server": "not a name", "id_access_token": "t", "medium": "email", "address": "a@b.c"], 400,
                "M_INVALID_PARAM"
            ),
            (
                ["id_server": "is.test", "id_access_token": "t", "medium": "pigeon", "address": "a@b.c"], 400,
                "M_INVALID_PARAM"
            ),
            (
                ["id_server": "is.test", "id_access_token": "a\r\nb", "medium": "email", "address": "a@b.c"], 400,
                "M_INVALID_PARAM"
            ),
            // There is nobody of that name.
            (
                ["id_server": "is.test", "id_access_token": "t", "medium": "email", "address": "a@b.c"], 502,
                "M_UNKNOWN"
            ),
            ([:], 400, "M_MISSING_PARAM"), (["user_id": "alice"], 400, "M_INVALID_PARAM"),
            (["user_id": "@alice:example.org"], 403, "M_FORBIDDEN"),
        ] as [(JSONValue, Int, String)])
    func refusesWhatIsNoInvite(body: JSONValue, status: Int, errcode: String) async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let answer = await api.ask(.post, "/rooms/\(room)/invite", body, as: "alice")
            #expect(answer.status == status)
            #expect(answer.errcode == errcode)
        }
    }

    @Test func aRoomIsMadeWhateverBecomesOfItsInvites() async throws {
        try await SyncAPI.with { api in
            let invite: JSONValue = [
                "id_server": "is.test", "id_access_token": "t", "medium": "email", "address": "a@b.c",
            ]
            #expect(await api.ask(.post, "/createRoom", ["invite_3pid": [invite]], as: "alice").status == 200)
            for wrong in [["invite_3pid": "a@b.c"], ["invite_3pid": [1]], ["invite_3pid": [[:]]]] as [JSONValue] {
                #expect(await api.ask(.post, "/createRoom", wrong, as: "alice").status == 400)
            }
        }
    }

    @Test func reasonsAreKept() async throws {
        try await SyncAPI.with { api in
            let room = try await api.room(by: "alice").room
            let steps: [(String, JSONValue, String, String)] = [
                ("invite", ["user_id": "@bob:example.org", "reason": "1"], "alice", "invite"),
                ("join", ["reason": "2"], "bob", "join"), ("leave", ["reason": "3"], "bob", "leave"),
                ("ban", ["user_id": "@bob:example.org", "reason": "4"], "alice", "ban"),
                ("unban", ["user_id": "@bob:example.org", "reason": "5"], "alice", "leave"),
            ]
            for (action, body, user, membership) in steps {
                #expect(await api.ask(.post, "/rooms/\(room)/\(action)", body, as: user).status == 200, "\(action)")
                let member = await api.ask(.get, "/rooms/\(room)/state/m.room.member/@bob:example.org", as: "alice")
                #expect(member["membership"]?.string == membership)
                #expect(member["reason"] == body["reason"])
            }
        }
    }

    @Test func aProofOfSomebodyElseLetsNobodyIn() async throws {
        try await SyncAPI.with { api in
            let created = await api.ask(.post, "/createRoom", ["preset": "private_chat"], as: "alice")
            let room = try #require(created["room_id"]?.string)
            let signed: JSONValue = [
                "sender": "@alice:example.org", "mxid": "@carol:example.org", "token": "t", "signatures": [:],
            ]
            for path in ["/join/\(room)", "/rooms/\(room)/join"] {
                let answer = await api.ask(.post, path, ["third_party_signed": signed], as: "bob")
                #expect(answer.status == 403)
                var own = signed
                own["mxid"] = "@bob:example.org"
                #expect(await api.ask(.post, path, ["third_party_signed": own], as: "bob").errcode == "M_FORBIDDEN")
                own["token"] = nil
                #expect(await api.ask(.post, path, ["third_party_signed": own], as: "bob").errcode == "M_MISSING_PARAM")
            }
        }
    }
}
