import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Testing

struct PublicRoomsEndpointTests {
    @Test func aSearchFindsWhatItShould() async throws {
        try await DirectoryAPI.with { api in
            let otters = try await api.room(by: "alice") {
                $0.isPublished = true
                $0.name = "Otters"
            }
            _ = try await api.room(by: "alice") {
                $0.isPublished = true
                $0.creationContent = ["type": "m.space"]
            }
            let all = await api.ask(.get, "/v3/publicRooms")
            #expect(all.status == 200 && all["chunk"]?.array?.count == 2 && all["total_room_count_estimate"] == 2)
            let page = await api.ask(.get, "/v3/publicRooms?limit=1")
            #expect(page["chunk"]?.array?.count == 1 && page["next_batch"] != nil && page["prev_batch"] == nil)
            let found = await api.ask(
                .post, "/v3/publicRooms",
                ["limit": 0, "filter": ["generic_search_term": "OTTER", "room_types": [nil]]], as: "bob")
            let entry = try #require(found["chunk"]?.array?.first)
            #expect(found["chunk"]?.array?.count == 1 && entry["room_id"] == .string(otters.description))
            #expect(entry["name"] == "Otters" && entry["num_joined_members"] == 1 && entry["join_rule"] == "public")
            #expect(entry["world_readable"] == false && entry["guest_can_join"] == false)
            #expect(entry["room_version"] == nil && entry["allowed_room_ids"] == nil)
        }
    }

    @Test func whatCannotBeAskedIsRefused() async throws {
        try await DirectoryAPI.with { api in
            let bodies: [(JSONValue, String)] = [
                (["limit": -1], "M_INVALID_PARAM"), (["limit": "5"], "M_BAD_JSON"), (["since": "x"], "M_INVALID_PARAM"),
                (["filter": ["room_types": [5]]], "M_BAD_JSON"), (["filter": 5], "M_BAD_JSON"),
                (["include_all_networks": true, "third_party_instance_id": "irc"], "M_INVALID_PARAM"),
            ]
            for (body, errcode) in bodies {
                let answer = await api.ask(.post, "/v3/publicRooms", body, as: "alice")
                #expect(answer.status == 400 && answer.errcode == errcode, "\(body)")
            }
            #expect(await api.ask(.post, "/v3/publicRooms", [:]).errcode == "M_MISSING_TOKEN")
            #expect(await api.ask(.get, "/v3/publicRooms?limit=-1").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, "/v3/publicRooms?server=a_b", as: "alice").errcode == "M_INVALID_PARAM")
        }
    }

    /// Nobody has us ask other servers without saying who they are.
    @Test func otherServersListsAreForUsers() async throws {
        try await DirectoryAPI.with { api in
            let place = "/v3/publicRooms?server=elsewhere.example"
            #expect(await api.ask(.get, place).errcode == "M_MISSING_TOKEN")
            // This one does not federate.
            #expect(await api.ask(.get, place, as: "alice").errcode == "M_FORBIDDEN")
            #expect(await api.ask(.post, place, [:], as: "guest.bob").errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, "/v3/publicRooms?server=example.org").status == 200)
        }
    }

    @Test func theListMayBeForUsersOnly() async throws {
        try await DirectoryAPI.with(isShownToAnyone: false) { api in
            #expect(await api.ask(.get, "/v3/publicRooms").errcode == "M_MISSING_TOKEN")
            #expect(await api.ask(.get, "/v3/publicRooms", as: "guest.bob").status == 200)
        }
    }

    @Test func applicationServicesShowRoomsOnTheirNetworks() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice")
            let place = "/v3/directory/list/appservice/freenode/\(room)"
            #expect(await api.ask(.put, place, ["visibility": "public"], as: "alice").errcode == "M_UNKNOWN_TOKEN")
            #expect(await api.ask(.put, place, ["visibility": "public"], as: "service.irc").status == 200)
            let body: JSONValue = ["third_party_instance_id": "freenode"]
            #expect(await api.ask(.post, "/v3/publicRooms", body, as: "bob")["chunk"]?.array?.count == 1)
            #expect(await api.ask(.post, "/v3/publicRooms", [:], as: "bob")["chunk"] == [])
            #expect(await api.ask(.put, place, [:], as: "service.irc").errcode == "M_MISSING_PARAM")
            #expect(await api.ask(.put, place, ["visibility": "x"], as: "service.irc").errcode == "M_INVALID_PARAM")
            let nowhere = "/v3/directory/list/appservice/freenode/!x:example.org"
            #expect(await api.ask(.put, nowhere, ["visibility": "public"], as: "service.irc").errcode == "M_NOT_FOUND")
            #expect(await api.ask(.put, place, ["visibility": "private"], as: "service.irc").status == 200)
            #expect(await api.ask(.post, "/v3/publicRooms", body, as: "bob")["chunk"] == [])
        }
    }
}
