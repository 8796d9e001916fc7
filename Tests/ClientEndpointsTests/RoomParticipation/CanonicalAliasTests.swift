import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomcanonical_alias
struct CanonicalAliasTests {
    /// On this server no alias names a room.
    @Test func onlyWhatIsNewMustNameTheRoom() async throws {
        try await SyncAPI.with { api in
            let created = await api.ask(
                .post, "/createRoom", ["preset": "public_chat", "room_alias_name": "kitchen"], as: "alice")
            let room = try #require(created["room_id"]?.string)
            func set(_ content: JSONValue) async -> EndpointAnswer {
                await api.ask(.put, "/rooms/\(room)/state/m.room.canonical_alias", content, as: "alice")
            }
            // It was there before, and may have gone since.
            let known: JSONValue = ["alt_aliases": ["#kitchen:example.org"]]
            #expect(await set(known).status == 200)
            let refused: [(JSONValue, String)] = [
                (["alias": "#hall:example.org"], "M_BAD_ALIAS"),
                (["alt_aliases": ["#kitchen:example.org", "#hall:example.org"]], "M_BAD_ALIAS"),
                (["alias": "kitchen"], "M_INVALID_PARAM"), (["alias": 5], "M_INVALID_PARAM"),
                (["alt_aliases": "#kitchen:example.org"], "M_INVALID_PARAM"),
                (["alt_aliases": [5]], "M_INVALID_PARAM"),
                (["alt_aliases": .array(Array(repeating: "#kitchen:example.org", count: 51))], "M_INVALID_PARAM"),
            ]
            for (content, errcode) in refused {
                let answer = await set(content)
                #expect(answer.status == 400 && answer.errcode == errcode, "\(content)")
            }
            #expect(await set([:]).status == 200)
            #expect(await set(known).errcode == "M_BAD_ALIAS")
        }
    }
}
