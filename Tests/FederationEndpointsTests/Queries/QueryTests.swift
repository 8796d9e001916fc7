import Directory
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct QueryTests {
    private func alias(_ text: String) -> String { text.replacing("#", with: "%23") }

    @Test func anybodyMayAskForTheVersion() async throws {
        try await QueryAPI.with { api in
            let answer = await api.ask(.get, "/_matrix/federation/v1/version", signed: false)
            #expect(answer.status == 200)
            #expect(answer["server"] == ["name": "Apus", "version": "9.9"])
        }
    }

    @Test func onlyServersMayQuery() async throws {
        try await QueryAPI.with { api in
            let places = [
                "query/profile?user_id=@a:example.org", "query/directory?room_alias=%23a:example.org", "publicRooms",
                "query/other",
            ]
            for place in places {
                let answer = await api.ask(.get, "/_matrix/federation/v1/\(place)", signed: false)
                #expect(answer.status == 401 && answer.errcode == "M_UNAUTHORIZED")
            }
            let answer = await api.ask(.get, "/_matrix/federation/v1/query/other")
            #expect(answer.status == 404 && answer.errcode == "M_UNRECOGNIZED")
        }
    }

    @Test func profilesOfOurUsersAreTold() async throws {
        try await QueryAPI.with { api in
            _ = try await api.user("alice")
            let place = "/_matrix/federation/v1/query/profile?user_id=@alice:example.org"
            #expect(await api.ask(.get, place).body == ["displayname": "alice!"])
            #expect(await api.ask(.get, place + "&field=displayname").body == ["displayname": "alice!"])
            #expect(await api.ask(.get, place + "&field=avatar_url").body == [:])
        }
    }

    /// ATTACKS 25 (CVE-2023-43796): what we know of other servers' users is not handed on.
    @Test func profilesOfOthersAreNot() async throws {
        try await QueryAPI.with { api in
            for user in ["@nobody:example.org", "@u:elsewhere.example", "@u:theirs.example"] {
                let answer = await api.ask(.get, "/_matrix/federation/v1/query/profile?user_id=\(user)")
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            let malformed = await api.ask(.get, "/_matrix/federation/v1/query/profile?user_id=alice")
            #expect(malformed.status == 400 && malformed.errcode == "M_INVALID_PARAM")
            let missing = await api.ask(.get, "/_matrix/federation/v1/query/profile")
            #expect(missing.status == 400 && missing.errcode == "M_MISSING_PARAM")
            #expect(api.outside.count == 0)
        }
    }

    @Test func aliasesOfOursAreResolved() async throws {
        try await QueryAPI.with { api in
            let alice = try await api.user("alice")
            let roomID = try await api.rooms.create(RoomCreation(version: .default), by: alice, aliases: nil)
            try await api.directory.add(try #require(RoomAlias("#den:example.org")), to: roomID, by: alice)
            let place = "/_matrix/federation/v1/query/directory?room_alias="
            let answer = await api.ask(.get, place + alias("#den:example.org"))
            #expect(answer.body == ["room_id": .string(roomID.description), "servers": ["example.org"]])
            for other in ["#lair:example.org", "#den:elsewhere.example"] {
                let answer = await api.ask(.get, place + alias(other))
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            #expect(await api.ask(.get, place + "den").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, "/_matrix/federation/v1/query/directory").errcode == "M_MISSING_PARAM")
            #expect(api.outside.count == 0)
        }
    }

    @Test func publicRoomsAreListed() async throws {
        try await QueryAPI.with { api in
            let alice = try await api.user("alice")
            for name in ["Otters", "Seals"] {
                var creation = RoomCreation(version: .default)
                creation.preset = .publicChat
                creation.name = name
                let roomID = try await api.rooms.create(creation, by: alice, aliases: nil)
                try await api.directory.setPublished(true, roomID, by: alice, isAdministrator: false)
            }
            let place = "/_matrix/federation/v1/publicRooms"
            #expect(await api.ask(.get, place)["chunk"]?.array?.count == 2)
            // No limit of the other server's.
            #expect(await api.ask(.get, place + "?limit=0")["chunk"]?.array?.count == 2)
            let first = await api.ask(.get, place + "?limit=1")
            #expect(first["chunk"]?.array?.count == 1)
            let next = try #require(first["next_batch"]?.string)
            #expect(await api.ask(.get, place + "?since=\(next)")["chunk"]?.array?.count == 1)
            let search = #"{"limit":5,"filter":{"generic_search_term":"otter","room_types":[null]}}"#
            let found = await api.ask(.post, place, body: search)
            #expect(found["chunk"]?.array?.map { $0["name"] } == ["Otters"])
            #expect(await api.ask(.post, place, body: #"{"limit":-1}"#).errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.post, place, body: #"{"filter":{"room_types":[5]}}"#).errcode == "M_BAD_JSON")
            #expect(await api.ask(.get, place + "?since=nonsense").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func theListMayBeKeptFromOtherServers() async throws {
        try await QueryAPI.with(sharesPublicRooms: false) { api in
            for method in [.get, .post] as [HTTPRequest.Method] {
                let answer = await api.ask(
                    method, "/_matrix/federation/v1/publicRooms", body: method == .get ? "" : "{}")
                #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
            }
        }
    }
}
