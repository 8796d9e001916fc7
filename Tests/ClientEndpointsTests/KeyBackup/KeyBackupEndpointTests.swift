import Encryption
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct KeyBackupEndpointTests {
    private static let key: JSONValue = [
        "first_message_index": 3, "forwarded_count": 0, "is_verified": false,
        "session_data": ["ciphertext": "x", "mac": "y"],
    ]
    private static let description: JSONValue = ["algorithm": "m.megolm_backup.v1", "auth_data": "an opaque string"]

    private func backup(_ api: KeyBackupAPI, as user: String = "alice") async throws -> String {
        try #require(try await api.ask(.post, "/version", Self.description, as: user)["version"]?.string)
    }

    @Test func backupsAreMadeReadChangedAndDeleted() async throws {
        try await KeyBackupAPI.with { api in
            #expect(try await api.ask(.get, "/version").errcode == "M_NOT_FOUND")
            let version = try await backup(api)
            let told: JSONValue = [
                "algorithm": "m.megolm_backup.v1", "auth_data": "an opaque string", "count": 0, "etag": "0",
                "version": .string(version),
            ]
            #expect(try await api.ask(.get, "/version").body == told)
            #expect(try await api.ask(.get, "/version/\(version)").body == told)
            var change: JSONValue = ["algorithm": "m.megolm_backup.v1", "auth_data": ["other": true]]
            #expect(try await api.ask(.put, "/version/\(version)", change).body == [:])
            change["version"] = .string(version)
            #expect(try await api.ask(.put, "/version/\(version)", change).status == 200)
            #expect(try await api.ask(.get, "/version")["auth_data"] == ["other": true])
            #expect(try await api.ask(.delete, "/version/\(version)").body == [:])
            #expect(try await api.ask(.delete, "/version/\(version)").body == [:])
            for path in ["/version", "/version/\(version)", "/version/nonsense"] {
                let answer = try await api.ask(.get, path)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            #expect(try await api.ask(.put, "/version/\(version)", change).errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.delete, "/version/nonsense").errcode == "M_NOT_FOUND")
        }
    }

    @Test func aBackupKeepsItsAlgorithmAndItsVersion() async throws {
        try await KeyBackupAPI.with { api in
            let path = "/version/\(try await backup(api))"
            let changes: [(JSONValue, String)] = [
                (["algorithm": "other", "auth_data": "x"], "M_INVALID_PARAM"),
                (["algorithm": "m.megolm_backup.v1", "auth_data": "x", "version": "0"], "M_INVALID_PARAM"),
                (["algorithm": "m.megolm_backup.v1"], "M_MISSING_PARAM"), (["auth_data": "x"], "M_MISSING_PARAM"),
                (["algorithm": 5, "auth_data": "x"], "M_BAD_JSON"),
            ]
            for (change, errcode) in changes {
                let answer = try await api.ask(.put, path, change)
                #expect(answer.status == 400 && answer.errcode == errcode, "\(change)")
            }
            #expect(try await api.ask(.get, path)["auth_data"] == "an opaque string")
            let megolm: JSONValue = ["algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": [:]]
            #expect(try await api.ask(.post, "/version", megolm).errcode == "M_INVALID_PARAM")
            #expect(try await api.ask(.post, "/version", [:]).errcode == "M_MISSING_PARAM")
        }
    }

    @Test func keysAreKeptReadAndDeletedByTheSessionTheRoomAndAll() async throws {
        try await KeyBackupAPI.with { api in
            let version = try await backup(api)
            let (all, room, session) = (
                "/keys?version=\(version)", "/keys/!a?version=\(version)", "/keys/!a/1%2F2?version=\(version)"
            )
            #expect(try await api.ask(.get, all).body == ["rooms": [:]])
            #expect(try await api.ask(.get, room).body == ["sessions": [:]])
            #expect(try await api.ask(.get, session).errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.put, session, Self.key).body == ["count": 1, "etag": "1"])
            #expect(try await api.ask(.put, session, Self.key).body == ["count": 1, "etag": "1"])
            #expect(try await api.ask(.get, session).body == Self.key)
            let two: JSONValue = ["sessions": ["3": Self.key, "4": Self.key]]
            #expect(try await api.ask(.put, room, two).body == ["count": 3, "etag": "2"])
            let more: JSONValue = ["rooms": ["!a": two, "!b:example.org": ["sessions": ["5": Self.key]]]]
            #expect(try await api.ask(.put, all, more).body == ["count": 4, "etag": "3"])
            let sessions: JSONValue = ["sessions": ["1/2": Self.key, "3": Self.key, "4": Self.key]]
            #expect(try await api.ask(.get, room).body == sessions)
            let everything: JSONValue = ["rooms": ["!a": sessions, "!b:example.org": ["sessions": ["5": Self.key]]]]
            #expect(try await api.ask(.get, all).body == everything)
            #expect(try await api.ask(.get, "/version")["count"] == 4)
            #expect(try await api.ask(.delete, session).body == ["count": 3, "etag": "4"])
            #expect(try await api.ask(.delete, session).body == ["count": 3, "etag": "4"])
            #expect(try await api.ask(.delete, room).body == ["count": 1, "etag": "5"])
            #expect(try await api.ask(.delete, all).body == ["count": 0, "etag": "6"])
            #expect(try await api.ask(.get, all).body == ["rooms": [:]])
        }
    }

    @Test func manyKeysAreStreamed() async throws {
        try await KeyBackupAPI.with { api in
            let version = try await backup(api)
            let sessions = Dictionary(uniqueKeysWithValues: (0..<1000).map { ("s\($0)", Self.key) })
            let body: JSONValue = ["rooms": ["!a": ["sessions": .object(sessions)]]]
            #expect(try await api.ask(.put, "/keys?version=\(version)", body)["count"] == 1000)
            let answer = try await api.ask(.get, "/keys?version=\(version)")
            #expect(answer.isStreamed && answer.body == body)
            let room = try await api.ask(.get, "/keys/!a?version=\(version)")
            #expect(room.isStreamed && room["sessions"] == .object(sessions))
        }
    }

    private static let keyPaths = ["/keys", "/keys/!a", "/keys/!a/1"]

    @Test func keysGoIntoTheNewestBackupOnly() async throws {
        try await KeyBackupAPI.with { api in
            let bodies: [JSONValue] = [["rooms": [:]], ["sessions": [:]], Self.key]
            for (path, body) in zip(Self.keyPaths, bodies) {
                #expect(try await api.ask(.put, path + "?version=1", body).errcode == "M_NOT_FOUND")
            }
            let old = try await backup(api)
            let new = try await backup(api)
            for (path, body) in zip(Self.keyPaths, bodies) {
                let answer = try await api.ask(.put, path + "?version=\(old)", body)
                #expect(answer.status == 403 && answer.errcode == "M_WRONG_ROOM_KEYS_VERSION")
                #expect(answer["current_version"] == .string(new))
                #expect(try await api.ask(.put, path + "?version=\(new)", body).status == 200)
                #expect(try await api.ask(.put, path, body).errcode == "M_MISSING_PARAM")
                #expect(try await api.ask(.get, path).errcode == "M_MISSING_PARAM")
                #expect(try await api.ask(.delete, path).errcode == "M_MISSING_PARAM")
                for method in [HTTPRequest.Method.get, .delete] {
                    let unknown = try await api.ask(method, path + "?version=99")
                    #expect(unknown.status == 404 && unknown.errcode == "M_NOT_FOUND")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("is_verified", nil, "M_MISSING_PARAM"), ("is_verified", "yes", "M_BAD_JSON"),
            ("first_message_index", nil, "M_MISSING_PARAM"), ("first_message_index", 1.5, "M_BAD_JSON"),
            ("first_message_index", -1, "M_INVALID_PARAM"), ("forwarded_count", nil, "M_MISSING_PARAM"),
            ("forwarded_count", "1", "M_BAD_JSON"), ("session_data", nil, "M_MISSING_PARAM"),
            ("session_data", .string(String(repeating: "x", count: 40_000)), "M_TOO_LARGE"),
        ] as [(String, JSONValue?, String)])
    func whatIsNoKeyIsRefusedAndNothingStored(_ name: String, _ value: JSONValue?, _ errcode: String) async throws {
        try await KeyBackupAPI.with { api in
            let version = try await backup(api)
            var bad = Self.key
            bad[name] = value
            let good: JSONValue = ["sessions": ["good": Self.key]]
            let bodies: [JSONValue] = [
                ["rooms": ["!a": good, "!b": ["sessions": ["bad": bad]]]], ["sessions": ["a": Self.key, "bad": bad]],
                bad,
            ]
            for (path, body) in zip(Self.keyPaths, bodies) {
                #expect(try await api.ask(.put, path + "?version=\(version)", body).errcode == errcode)
            }
            #expect(try await api.ask(.get, "/version")["count"] == 0)
        }
    }

    @Test func nobodyReadsTheBackupOfSomebodyElse() async throws {
        try await KeyBackupAPI.with { api in
            let version = try await backup(api)
            #expect(try await api.ask(.put, "/keys/!a/1?version=\(version)", Self.key).status == 200)
            let paths = ["/version", "/version/\(version)"] + Self.keyPaths.map { "\($0)?version=\(version)" }
            for path in paths {
                #expect(try await api.ask(.get, path, as: "bob").errcode == "M_NOT_FOUND")
                #expect(try await api.ask(.get, path, as: nil).errcode == "M_MISSING_TOKEN")
                #expect(try await api.ask(.get, path, as: "unknown.mallory").errcode == "M_UNKNOWN_TOKEN")
            }
            for path in paths.dropFirst() { #expect(try await api.ask(.delete, path, as: "bob").status == 404) }
            #expect(try await api.ask(.get, "/keys/!a/1?version=\(version)").body == Self.key)
            // The same version of another user is another backup.
            #expect(try await backup(api, as: "bob") == version)
            #expect(try await api.ask(.get, "/version", as: "bob")["count"] == 0)
        }
    }
}
