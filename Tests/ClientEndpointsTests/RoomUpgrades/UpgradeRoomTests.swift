import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

struct UpgradeRoomTests {
    @Test func aRoomIsReplaced() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice", members: ["bob"])
            let answer = await api.ask(
                .post, "/v3/rooms/\(room)/upgrade",
                ["new_version": "12", "additional_creators": ["@bob:example.org"]], as: "alice")
            let new = try #require(answer["replacement_room"]?.string.flatMap { RoomID($0) })
            #expect(answer.status == 200 && new != room)
            let create = try await api.rooms.reader.current(try await api.worker.record(new))?.content(EventType.create)
            #expect(create?["additional_creators"]?.value() == ["@bob:example.org"])
        }
    }

    @Test func whatCannotBeDoneIsRefused() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice", members: ["bob"])
            let cases: [(JSONValue, String, Int, String)] = [
                (["new_version": "nonsense"], "alice", 400, "M_UNSUPPORTED_ROOM_VERSION"),
                ([:], "alice", 400, "M_MISSING_PARAM"), (["new_version": 12], "alice", 400, "M_BAD_JSON"),
                (["new_version": "12", "additional_creators": ["bob"]], "alice", 400, "M_INVALID_PARAM"),
                (["new_version": "11"], "bob", 403, "M_FORBIDDEN"),
                (["new_version": "11"], "carol", 403, "M_FORBIDDEN"),
                (["new_version": "11"], "suspended.alice", 403, "M_USER_SUSPENDED"),
                (["new_version": "11"], "guest.alice", 403, "M_GUEST_ACCESS_FORBIDDEN"),
            ]
            for (body, token, status, errcode) in cases {
                let answer = await api.ask(.post, "/v3/rooms/\(room)/upgrade", body, as: token)
                #expect(answer.status == status && answer.errcode == errcode, "\(body) \(token)")
            }
            let nowhere = await api.ask(
                .post, "/v3/rooms/!nowhere:example.org/upgrade", ["new_version": "11"], as: "alice")
            #expect(nowhere.status == 404 && nowhere.errcode == "M_NOT_FOUND")
            #expect(try await api.rooms.joinedRooms(of: try await api.worker.user("alice").nid) == [room])
            // Where they have no effect they are not looked at.
            let body: JSONValue = ["new_version": "11", "additional_creators": ["bob"]]
            #expect(await api.ask(.post, "/v3/rooms/\(room)/upgrade", body, as: "alice").status == 200)
        }
    }
}
