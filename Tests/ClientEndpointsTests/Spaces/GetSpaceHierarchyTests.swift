import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Testing

struct GetSpaceHierarchyTests {
    @Test func aSpaceIsWalked() async throws {
        try await DirectoryAPI.with { api in
            let child = try await api.room(by: "alice") { $0.name = "Child" }
            let space = try await api.room(by: "alice") { $0.creationContent = ["type": "m.space"] }
            try await api.worker.set(
                EventType.spaceChild, child.description, to: ["via": ["example.org"], "suggested": true], in: space,
                as: try await api.worker.user("alice"))
            let place = "/v1/rooms/\(space)/hierarchy"
            let answer = await api.ask(.get, place, as: "bob")
            let rooms = try #require(answer["rooms"]?.array)
            #expect(answer.status == 200 && rooms.count == 2 && answer["next_batch"] == nil)
            #expect(rooms[0]["room_type"] == "m.space" && rooms[1]["children_state"] == [])
            #expect(rooms[0]["children_state"]?.array?.first?["state_key"] == .string(child.description))
            // Some clients capitalise flags.
            #expect(await api.ask(.get, place + "?suggested_only=True", as: "bob")["rooms"]?.array?.count == 2)
            let first = await api.ask(.get, place + "?limit=1&max_depth=1", as: "bob")
            let next = try #require(first["next_batch"]?.string)
            let second = await api.ask(.get, place + "?max_depth=1&from=\(next)", as: "guest.bob")
            #expect(second["rooms"]?.array?.map { $0["name"] } == ["Child"])
            #expect(await api.ask(.get, place + "?from=\(next)", as: "bob").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func whatCannotBeAskedIsRefused() async throws {
        try await DirectoryAPI.with { api in
            let secret = try await api.room(by: "alice") { $0.preset = .privateChat }
            for room in [secret.description, "!nowhere:example.org"] {
                let answer = await api.ask(.get, "/v1/rooms/\(room)/hierarchy", as: "bob")
                #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
            }
            for query in ["limit=0", "limit=x", "max_depth=-1", "suggested_only=maybe", "from=x", "via=a_b"] {
                let answer = await api.ask(.get, "/v1/rooms/\(secret)/hierarchy?\(query)", as: "alice")
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(query)")
            }
            #expect(await api.ask(.get, "/v1/rooms/\(secret)/hierarchy").errcode == "M_MISSING_TOKEN")
        }
    }
}
