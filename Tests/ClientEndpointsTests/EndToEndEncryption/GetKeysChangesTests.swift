import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// Whose devices changed, asked for besides syncs.
struct GetKeysChangesTests {
    @Test func tellsWhatASyncWouldHaveTold() async throws {
        try await SyncAPI.with { api in
            let (room, _) = try await api.room(by: "alice")
            let from = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
            #expect(await api.ask(.post, "/rooms/\(room)/join", [:], as: "bob").status == 200)
            let came = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
            let changes = await api.ask(.get, "/keys/changes?from=\(from)&to=\(came)", as: "alice")
            #expect(changes.status == 200)
            #expect(changes["changed"] == ["@bob:example.org"] && changes["left"] == [])
            #expect(await api.ask(.post, "/rooms/\(room)/leave", [:], as: "bob").status == 200)
            let gone = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
            let after = await api.ask(.get, "/keys/changes?from=\(came)&to=\(gone)", as: "alice")
            #expect(after["changed"] == [] && after["left"] == ["@bob:example.org"])
            let nothing = await api.ask(.get, "/keys/changes?from=\(gone)&to=\(gone)", as: "alice")
            #expect(nothing["changed"] == [] && nothing["left"] == [])
        }
    }

    @Test func refusesWhatAreNoTokens() async throws {
        try await SyncAPI.with { api in
            let token = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
            for query in ["", "?from=\(token)", "?to=\(token)"] {
                let answer = await api.ask(.get, "/keys/changes\(query)", as: "alice")
                #expect(answer.status == 400 && answer["errcode"] == "M_MISSING_PARAM", "\(query)")
            }
            for query in ["?from=nonsense&to=\(token)", "?from=\(token)&to=s72594_4483_1934"] {
                let answer = await api.ask(.get, "/keys/changes\(query)", as: "alice")
                #expect(answer.status == 400 && answer["errcode"] == "M_INVALID_PARAM", "\(query)")
            }
            #expect(await api.ask(.get, "/keys/changes?from=\(token)&to=\(token)").status == 401)
        }
    }
}
