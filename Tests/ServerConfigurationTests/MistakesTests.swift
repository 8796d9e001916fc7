import ServerConfiguration
import Testing

@Suite struct MistakesTests {
    @Test func namesEveryMistakeWithItsLine() {
        let found = mistakes(
            """
            server_name: "not a name"
            databse:
              url: "postgresql://127.0.0.1/apus"
            listeners:
              - address: "127.0.0.1:99999"
                serves: [clients]
            rooms:
              defaultVersion: "12"
            presence: "true"
            pool_size: 9
            colour: blue
            """)
        #expect(
            found == [
                #"apus.yaml:1: server_name: expected a server name like example.com or example.com:8448, found "not a name""#,
                "apus.yaml:1: database.url: missing",
                "apus.yaml:2: databse: unknown key; did you mean database?",
                #"apus.yaml:5: listeners[0].address: expected an address like "127.0.0.1:8008" or "[::1]:8008", found "127.0.0.1:99999""#,
                #"apus.yaml:6: listeners[0].serves[0]: expected one of client, federation, media, found "clients"; did you mean client?"#,
                "apus.yaml:8: rooms.defaultVersion: unknown key; did you mean rooms.default_version?",
                #"apus.yaml:9: presence: expected true or false, found "true""#,
                "apus.yaml:10: pool_size: unknown key here; did you mean database.pool_size?",
                "apus.yaml:11: colour: unknown key; known here: appservices, cas, database, delayed_events, email, federation, identity, "
                    + "listeners, log, media, metrics, oidc, outbound, passwords, policy_server, presence, public_base_url, "
                    + "rate_limits, redis, registration, room_directory, rooms, server_name, signing_key, support, turn, workers",
            ])
    }

    @Test func anEmptyFileLacksWhatIsRequired() {
        for text in ["", "# nothing\n", "---\n"] {
            #expect(
                mistakes(text).map { $0.drop { $0 != " " } } == [" server_name: missing", " database.url: missing"])
        }
    }

    @Test(arguments: [
        "database: 5", "database: [1, 2]", "listeners: {a: 1}", "workers: [a]", "workers: {a: b}", "redis: redis://x",
        "rate_limits: {messages: 5}", "rate_limits: [none]", "media: {max_upload_bytes: 1.5}",
        "media: {max_upload_bytes: 99999999999999999999999}", #"media: {max_upload_bytes: "5"}"#, "presence: yes",
        "turn: {uris: [\"http://x\"], shared_secret: s}", "turn: {uris: [\"turn:x\"]}",
        "support: {contacts: [{role: m.role.admin}]}", "support: {contacts: [{matrix_id: admin}]}",
        "support: {contacts: [{email_address: \"a b@c\"}]}",
        "support: {contacts: [{role: \"x y\", email_address: a@b}]}",
        "support: {page: \"ftp://x\"}", "policy_server: {ed25519: short}",
        "appservices: bridge.yaml",
        "log: {level: loud}", "media: {path: [a]}", "registration: {shared_secret: [a]}",
        "rate_limits: {messages: {burst: 1}}",
        "rate_limits: {messages: {per_second: nan, burst: 1}}", "rate_limits: {messages: {per_second: inf, burst: 1}}",
        "rate_limits: {messages: {per_second: -1, burst: 1}}", "email: {smtp: \"127.0.0.1:25\"}",
        "registration: {recaptcha: {site_key: a}}", "federation: {deny: [\"a b\"]}", "cas: {server_url: \"ftp://x/\"}",
        "cas: {server_url: \"https://user@x/\"}", "cas: {server_url: \"https://x/?a\"}",
        "cas: {server_url: \"https://\"}",
        "workers: {\"a b\": {role: push, address: \"127.0.0.1:1\"}}",
        "listeners: [{address: \"127.0.0.1:1\", serves: []}]",
        "redis: {url: \"http://127.0.0.1\"}", "redis: {url: \"redis://127.0.0.1/x\"}",
        "redis: {url: \"unix://relative\"}",
        "database: {url: nonsense}", "oidc: [{}]", "federation: {trusted_key_servers: [\"a b\"]}",
    ])
    func refusesAWrongValue(_ line: String) {
        let base = line.hasPrefix("database") ? "server_name: example.com" : minimal()
        #expect(!mistakes("\(base)\n\(line)").isEmpty)
    }

    /// Of a document that new users accept, with one key as it cannot be.
    @Test(arguments: [
        ("policy", "a b"), ("policy", "\"\""), ("version", "\"1 0\""), ("language", "version"), ("language", "e"),
        ("language", "\"en us\""), ("url", "\"javascript:alert(1)\""), ("url", "\"https://\""),
        ("url", "'https://x/\"onclick='"), ("url", "\"https://x/ y\""), ("name", "\"\""), ("name", "[a]"),
        ("colour", "blue"),
    ])
    func refusesAWrongDocument(_ key: String, _ value: String) {
        let right = [
            "policy": "p", "version": "\"1\"", "language": "en", "name": "N", "url": "\"https://example.com\"",
        ]
        func file(_ keys: [String: String]) -> String {
            minimal("registration: {terms: [{\(keys.map { "\($0): \($1)" }.joined(separator: ", "))}]}")
        }
        #expect(mistakes(file(right)).isEmpty)
        #expect(!mistakes(file(right.merging([key: value]) { $1 })).isEmpty)
        #expect(!mistakes(file(right.filter { $0.key != key })).isEmpty || key == "colour")
    }

    @Test func refusesADocumentWithTwoVersionsOrOneLanguageTwice() {
        for (version, language) in [("2", "fr"), ("1", "en")] {
            let found = mistakes(
                minimal(
                    """
                    registration:
                      terms:
                        - {policy: p, version: "1", language: en, name: N, url: "https://example.com"}
                        - {policy: p, version: "\(version)", language: \(language), name: N, url: "https://example.com"}
                    """))
            #expect(found.count == 1 && found[0].contains("registration.terms"))
        }
    }

    @Test func refusesAKeyGivenTwice() {
        #expect(
            mistakes("presence: true\n\(minimal())presence: false") == [
                "apus.yaml:4: presence: given a second time, first in line 1"
            ])
    }

    @Test func refusesAddressesOfTwoProcesses() {
        let found = mistakes(
            minimal(
                """
                workers:
                  a: {role: push, address: "127.0.0.1:8008"}
                  b: {role: media, address: "127.0.0.1:8401", metrics_address: "127.0.0.1:8402"}
                  c: {role: media, address: "127.0.0.1:8402"}
                """))
        #expect(
            found == [
                "apus.yaml:3: workers: 127.0.0.1:8008 is given to both a listener and a",
                "apus.yaml:3: workers: 127.0.0.1:8402 is given to both the metrics of b and c",
            ])
    }

    @Test func reportsABoundedNumberOfMistakes() {
        let many = (0..<5000).map { "key\($0): 1" }.joined(separator: "\n")
        #expect(mistakes(minimal(many)).count == 200)
    }
}
