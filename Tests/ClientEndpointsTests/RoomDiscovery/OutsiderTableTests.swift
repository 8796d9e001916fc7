import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// ATTACKS 14 (CVE-2021-39163, CVE-2021-39164): who may know of a room at all, without being in it: by every way that tells of rooms.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias
@Suite struct OutsiderTableTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let joinRule: String
        let visibility: String

        var testDescription: String { "\(joinRule), \(visibility)" }
    }

    static let cases = ["public", "knock", "restricted", "invite"].flatMap { rule in
        ["shared", "world_readable", "joined"].map { Case(joinRule: rule, visibility: $0) }
    }

    private static let kinds = ["stranger", "invited", "joined", "left", "banned"]

    private func maySee(_ kind: String, _ room: Case) -> Bool {
        switch kind {
        case "joined", "invited": true
        case "banned": room.visibility == "world_readable"
        default: room.visibility == "world_readable" || ["public", "knock"].contains(room.joinRule)
        }
    }

    @Test(arguments: cases)
    func roomsAreToldToWhomTheyMayBe(_ room: Case) async throws {
        try await SyncAPI.with { api in
            let (id, space) = try await rooms(room, api)
            for kind in Self.kinds {
                let label: Comment = "\(kind), \(room.testDescription)"
                let may = maySee(kind, room)
                let summary = await api.ask(.get, at: "/_matrix/client/v1/room_summary/\(id)", as: kind)
                #expect(summary.status == (may ? 200 : 404), label)
                #expect(summary["name"]?.string == (may ? "N" : nil), label)
                let own = await api.ask(.get, at: "/_matrix/client/v1/rooms/\(id)/hierarchy", as: kind)
                #expect(own.status == (may ? 200 : 403), label)
                let walk = await api.ask(.get, at: "/_matrix/client/v1/rooms/\(space)/hierarchy", as: kind)
                let told = walk["rooms"]?.array?.contains { $0["room_id"]?.string == id } ?? false
                #expect(walk.status == 200 && told == may, label)
                // A peek shows what is inside; that a room may be joined is not enough for it.
                let isReadable = room.visibility == "world_readable" || ["joined", "left", "banned"].contains(kind)
                #expect(
                    await api.ask(.get, "/rooms/\(id)/messages?dir=b", as: kind).status == (isReadable ? 200 : 403),
                    label)
                #expect(
                    await api.ask(.get, "/rooms/\(id)/joined_members", as: kind).status
                        == (kind == "joined" ? 200 : 403), label)
            }
            let nobody = await api.ask(.get, at: "/_matrix/client/v1/room_summary/\(id)")
            #expect(nobody.status == (maySee("stranger", room) ? 200 : 404), "\(room.testDescription)")
        }
    }

    /// The room, and a public space that has it.
    private func rooms(_ room: Case, _ api: SyncAPI) async throws -> (String, String) {
        func event(_ type: String, _ content: JSONValue) -> JSONValue {
            ["type": .string(type), "state_key": "", "content": content]
        }
        let created = await api.ask(
            .post, "/createRoom",
            [
                "preset": "public_chat", "name": "N",
                "initial_state": [event("m.room.history_visibility", ["history_visibility": .string(room.visibility)])],
            ], as: "alice")
        let id = try #require(created["room_id"]?.string)
        func done(_ path: String, _ body: JSONValue, _ method: HTTPRequest.Method = .post, as user: String = "alice")
            async
        {
            let answer = await api.ask(method, "/rooms/\(id)/\(path)", body, as: user)
            #expect(answer.status == 200, "\(path): \(answer)")
        }
        for user in ["joined", "left", "banned"] { await done("join", [:], as: user) }
        await done("leave", [:], as: "left")
        await done("ban", ["user_id": "@banned:example.org"])
        var rule: [String: JSONValue] = ["join_rule": .string(room.joinRule)]
        if room.joinRule == "restricted" {
            rule["allow"] = [["type": "m.room_membership", "room_id": "!nowhere:example.org"]]
        }
        await done("state/m.room.join_rules", .object(rule), .put)
        await done("invite", ["user_id": "@invited:example.org"])
        let child: JSONValue = [
            "type": "m.space.child", "state_key": .string(id), "content": ["via": ["example.org"]],
        ]
        let space = await api.ask(
            .post, "/createRoom",
            [
                "preset": "public_chat", "creation_content": ["type": "m.space"],
                "initial_state": [child, event("m.room.history_visibility", ["history_visibility": "world_readable"])],
            ], as: "alice")
        return (id, try #require(space["room_id"]?.string))
    }
}
