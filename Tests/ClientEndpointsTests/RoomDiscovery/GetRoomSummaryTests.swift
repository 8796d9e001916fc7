import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Testing

struct GetRoomSummaryTests {
    @Test func aRoomIsToldByItsIDAndByItsAlias() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice", members: ["bob"]) {
                $0.name = "Kitchen"
                $0.aliasLocalpart = "kitchen"
            }
            let names = [
                "/v1/room_summary/\(room)", "/v1/room_summary/#kitchen:example.org",
                "/unstable/im.nheko.summary/summary/\(room)", "/unstable/im.nheko.summary/rooms/\(room)/summary",
            ]
            for name in names {
                let answer = await api.ask(.get, name + "?via=a.example&via=b.example", as: "bob")
                #expect(answer.status == 200 && answer["room_id"] == .string(room.description), "\(name)")
                #expect(answer["name"] == "Kitchen" && answer["num_joined_members"] == 2)
                #expect(answer["membership"] == "join" && answer["join_rule"] == "public")
                #expect(answer["room_version"] == "12" && answer["canonical_alias"] == "#kitchen:example.org")
                #expect(answer["world_readable"] == false && answer["guest_can_join"] == false)
                // Without saying who one is.
                let anyone = await api.ask(.get, name)
                #expect(anyone.status == 200 && anyone["membership"] == nil)
                #expect(await api.ask(.get, name, as: "guest.carol")["membership"] == "leave")
            }
        }
    }

    @Test func whatMayNotBeToldIsNotThere() async throws {
        try await DirectoryAPI.with { api in
            let secret = try await api.room(by: "alice") {
                $0.preset = .privateChat
                $0.aliasLocalpart = "secret"
            }
            for name in ["\(secret)", "#secret:example.org", "!nowhere:example.org", "#nowhere:example.org"] {
                for token in ["bob", nil] as [String?] {
                    let answer = await api.ask(.get, "/v1/room_summary/\(name)", as: token)
                    #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(name)")
                }
            }
            #expect(await api.ask(.get, "/v1/room_summary/\(secret)", as: "alice").status == 200)
            #expect(await api.ask(.get, "/v1/room_summary/kitchen", as: "alice").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, "/v1/room_summary/\(secret)?via=a_b", as: "alice").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func mutualRoomsAreListed() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice", members: ["bob"])
            let answer = await api.ask(.get, "/v1/mutual_rooms?user_id=@bob:example.org", as: "alice")
            #expect(answer.body == ["joined": [.string(room.description)], "count": 1])
            #expect(await api.ask(.get, "/v1/mutual_rooms", as: "alice").errcode == "M_MISSING_PARAM")
            for user in ["bob", "@alice:example.org"] {
                #expect(
                    await api.ask(.get, "/v1/mutual_rooms?user_id=\(user)", as: "alice").errcode == "M_INVALID_PARAM")
            }
            #expect(await api.ask(.get, "/v1/mutual_rooms?user_id=@bob:example.org").errcode == "M_MISSING_TOKEN")
        }
    }
}
