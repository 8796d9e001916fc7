import MatrixCore
import Testing

@Suite struct EventRedactionTests {
    private func content(_ type: String, _ content: JSONValue, _ version: RoomVersion) throws -> JSONValue? {
        let event: JSONValue = [
            "type": .string(type), "content": content, "redacts": "$x", "origin": "o", "membership": "join",
            "prev_state": [], "unsigned": [:], "extra": 1, "event_id": "$e",
        ]
        let document = try JSONDocument(parsing: event.canonicalBytes)
        let redacted = try JSONDocument(parsing: EventRedaction(version: version).redact(document.root)).root.value()
        #expect(redacted["redacts"] == nil && redacted["unsigned"] == nil && redacted["extra"] == nil)
        #expect(redacted["event_id"] == "$e")
        let keepsHistory = ["2", "6", "8", "9", "10"].contains(version.identifier)
        #expect((redacted["origin"] != nil) == keepsHistory)
        #expect((redacted["membership"] != nil) == keepsHistory)
        return redacted["content"]
    }

    @Test func keepsWhatTheVersionKeeps() throws {
        let cases: [(type: String, content: JSONValue, kept: [(RoomVersion, JSONValue)])] = [
            ("m.room.message", ["body": "x"], [(.v2, [:]), (.v12, [:])]),
            (
                "m.room.member",
                [
                    "membership": "join", "displayname": "x", "join_authorised_via_users_server": "@a:b",
                    "third_party_invite": ["signed": ["token": "t"], "display_name": "d"],
                ],
                [
                    (.v8, ["membership": "join"]),
                    (.v10, ["membership": "join", "join_authorised_via_users_server": "@a:b"]),
                    (
                        .v11,
                        [
                            "membership": "join", "join_authorised_via_users_server": "@a:b",
                            "third_party_invite": ["signed": ["token": "t"]],
                        ]
                    ),
                ]
            ),
            ("m.room.member", ["third_party_invite": 3], [(.v11, [:])]),
            (
                "m.room.create", ["creator": "c", "x": 1],
                [(.v10, ["creator": "c"]), (.v11, ["creator": "c", "x": 1])]
            ),
            (
                "m.room.join_rules", ["join_rule": "r", "allow": [], "x": 1],
                [(.v6, ["join_rule": "r"]), (.v8, ["join_rule": "r", "allow": []])]
            ),
            (
                "m.room.power_levels", ["ban": 1, "invite": 2, "notifications": [:], "users": ["@a:b": 3]],
                [(.v10, ["ban": 1, "users": ["@a:b": 3]]), (.v11, ["ban": 1, "invite": 2, "users": ["@a:b": 3]])]
            ),
            (
                "m.room.history_visibility", ["history_visibility": "shared", "x": 1],
                [(.v12, ["history_visibility": "shared"])]
            ),
            ("m.room.aliases", ["aliases": []], [(.v2, ["aliases": []]), (.v6, [:])]),
            ("m.room.redaction", ["redacts": "$x", "reason": "y"], [(.v10, [:]), (.v11, ["redacts": "$x"])]),
        ]
        for entry in cases {
            for (version, kept) in entry.kept {
                #expect(try content(entry.type, entry.content, version) == kept, "\(entry.type) in version \(version)")
            }
        }
    }
}
