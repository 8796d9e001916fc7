import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct FilterEndpointTests {
    @Test func aFilterIsStoredOnceAndReadBack() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let path = "/user/\(session.userID)/filter"
            let filter: JSONValue = ["room": ["timeline": ["limit": 10]], "org.example": [1]]
            let first = await api.ask(.post, path, filter, as: session)
            let id = try #require(first["filter_id"]?.string)
            #expect(!id.hasPrefix("{"))
            #expect(await api.ask(.post, path, filter, as: session)["filter_id"]?.string == id)
            #expect(await api.ask(.get, "\(path)/\(id)", as: session).body == filter)
            #expect(await api.ask(.get, "\(path)/77", as: session).errcode == "M_NOT_FOUND")
            let bob = try await api.register("bob")
            #expect(await api.ask(.get, "\(path)/\(id)", as: bob).errcode == "M_FORBIDDEN")
            #expect(await api.ask(.post, path, filter, as: bob).errcode == "M_FORBIDDEN")
            #expect(await api.ask(.get, "/user/\(bob.userID)/filter/\(id)", as: bob).status == 404)
        }
    }

    @Test(arguments: [#"{"presence":[]}"#, #"{"room":{"rooms":["not_a_room_id"]}}"#, "[]"])
    func refusesWhatIsNoFilter(_ body: String) async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let answer = await api.ask(.post, "/user/\(session.userID)/filter", text: body, as: session)
            #expect(answer.status == 400 && answer.errcode == "M_BAD_JSON")
        }
    }
}
