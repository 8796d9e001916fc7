import MatrixCore
import Testing

/// What somebody can make large in what they send, beside the work that it makes: eight times the bytes may take eight
/// times the work and a little more, never its square.
@Suite(.serialized)
struct HostileCostTests {
    /// - Parameter make: an input about as large as the number says.
    private func expectLinear<Input>(
        _ make: (Int) throws -> Input, size: Int, _ work: (Input) throws -> Void
    ) throws {
        let ratio = try CostGrowth.ratio({ size in try? make(size) }, size: size) { input in
            try work(#require(input))
        }
        #expect(ratio < CostGrowth.allowed)
    }

    private func pdu(_ changes: JSONValue) throws -> JSONView {
        var json: JSONValue = [
            "type": "m.room.message", "room_id": "!r:b", "sender": "@a:b", "content": [:], "hashes": ["sha256": "x"],
            "signatures": [:], "origin_server_ts": 1, "depth": 1, "prev_events": [], "auth_events": [],
        ]
        for (key, value) in changes.object ?? [:] { json[key] = value }
        return try JSONDocument(parsing: json.canonicalBytes).root
    }

    private func members(_ count: Int, _ value: JSONValue = 1, key: (Int) -> String = { "k\($0)" }) -> JSONValue {
        .object(Dictionary((0..<count).map { (key($0), value) }, uniquingKeysWith: { $1 }))
    }

    @Test func eventsAreReadInLinearTime() throws {
        let shapes: [(Int) throws -> JSONView] = [
            { try pdu(["content": members($0)]) },
            { try pdu(members($0)) },
            { try pdu(["signatures": members($0, ["ed25519:1": "AAAA"], key: { "s\($0).b" })]) },
            { try pdu(["signatures": ["b": members($0, "AAAA", key: { "ed25519:\($0)" })]]) },
            { try pdu(["hashes": members($0)]) },
            { try pdu(["content": ["x": .string(String(repeating: "\u{1}", count: $0))]]) },
        ]
        let key = try #require(Ed25519PublicKey(bytes: [UInt8](repeating: 1, count: 32)))
        for shape in shapes {
            try expectLinear(shape, size: 250) { pdu in
                guard let event = try? Event.receive(pdu, in: .v10).event else { return }
                _ = try event.redacted().clientFormat()
                for server in event.requiredSigners {
                    let ids = event.signatureKeyIDs(of: server)
                    _ = event.isSigned(by: server, keys: Dictionary(ids.prefix(1).map { ($0, key) }) { $1 })
                }
            }
        }
    }

    @Test func redactionIsLinear() throws {
        for type in [EventType.member, EventType.powerLevels, EventType.create, EventType.joinRules] {
            try expectLinear({ try pdu(["type": .string(type), "content": members($0), "x": members($0)]) }, size: 400)
            {
                _ = EventRedaction(version: .v10).redact($0)
            }
        }
    }

    @Test func headersAreReadInLinearTime() throws {
        let limit = XMatrixAuthorization.longestHeader / 8
        let shapes: [(Int) -> String] = [
            { "X-Matrix " + String(repeating: ",", count: $0) },
            { "X-Matrix a=\"" + String(repeating: "\\\\", count: $0 / 2) },
            { count in "X-Matrix " + (0..<(count / 6)).map { "p\($0)=x" }.joined(separator: ",") },
            { String(repeating: "x", count: $0) },
        ]
        for shape in shapes {
            try expectLinear(shape, size: limit - 16) { header in
                for _ in 0..<8 { _ = XMatrixAuthorization(header: header) }
            }
        }
    }

    /// Identifiers are bounded, and what is too long is refused without being read.
    @Test func longIdentifiersAreRefusedAtOnce() throws {
        for sigil in ["@", "!", "#", "$", "", "mxc://", "ed25519:"] {
            try expectLinear({ sigil + String(repeating: "a:", count: $0) }, size: 20_000) { text in
                #expect(UserID(text) == nil && RoomID(text) == nil && RoomAlias(text) == nil && EventID(text) == nil)
                #expect(ServerName(text) == nil && MXCURI(text) == nil && SigningKeyID(text) == nil)
            }
        }
    }

    @Test func globsAreLinearInTheText() throws {
        let patterns = [
            "*a*a*a*a*b", "a*a*a*a*a*b", "*?????????b", "*" + String(repeating: "a", count: 100) + "b*", "*é*b",
        ]
        for pattern in patterns {
            for extent in [Glob.Extent.wholeText, .words] {
                let glob = try #require(Glob(pattern, extent: extent))
                try expectLinear({ String(repeating: "aé", count: $0) }, size: 2000) { _ = glob.matches($0) }
                try expectLinear({ String(repeating: "a ", count: $0) }, size: 2000) { _ = glob.matches($0) }
            }
        }
    }

    @Test func globsAreLinearInThePattern() throws {
        let text = String(repeating: "ab", count: 200)
        for piece in ["*a", "a", "?", "*", "*é"] {
            try expectLinear({ String(repeating: piece, count: $0) }, size: 60) { pattern in
                _ = Glob(pattern)?.matches(text)
                _ = Glob(pattern, extent: .words)?.matches(text)
            }
        }
    }

    @Test func rulesAreReadAndAskedInLinearTime() throws {
        let user = try #require(UserID("@alice:b"))
        let room = try #require(RoomID("!r:b"))
        let event = try pdu(["content": ["body": "a b c d e f g h"]])
        let shapes: [(Int) -> JSONValue] = [
            { count in
                let rules = (0..<count).map {
                    ["rule_id": .string("r\($0)"), "pattern": "*x*", "actions": []] as JSONValue
                }
                return ["rules": ["content": .array(rules)]]
            },
            { count in
                let condition: JSONValue = ["kind": "event_match", "key": "content.body", "pattern": "a*z"]
                let rule: JSONValue = [
                    "rule_id": "r", "actions": [], "conditions": .array(.init(repeating: condition, count: count)),
                ]
                return ["rules": ["override": [rule]]]
            },
            { count in ["defaults": ["override": members(count, ["enabled": true], key: { ".\($0)" })]] },
        ]
        for shape in shapes {
            try expectLinear(shape, size: 60) { json in
                let changes = PushRuleChanges(json: json)
                _ = changes.json.canonicalBytes
                var evaluator = PushRuleEvaluator(
                    event: event, room: room, memberCount: 3, senderLevel: 0, notificationLevels: [:])
                _ = evaluator.outcome(for: user, displayName: "x", rules: changes.ruleset())
                _ = changes.ruleset(for: user).content
            }
        }
    }

    /// A room's creator names thousands of creators, or of users with a level, or both.
    @Test func authorisationIsLinearInTheRoomsState() throws {
        func room(_ count: Int) throws -> (Event, AuthStateMap) {
            var factory = EventFactory(.v12)
            let others = (0..<count).map { JSONValue.string("@c\($0):b") }
            let create = try factory.create(["additional_creators": .array(others)])
            let levels = members(count, 5, key: { "@u\($0):b" })
            let old = try factory.make(EventType.powerLevels, stateKey: "", content: ["users": levels])
            let new = try factory.make(
                EventType.powerLevels, stateKey: "",
                content: ["users": members(count, 6, key: { "@u\($0):b" }), "events": members(count)])
            return (new, AuthStateMap([create, try factory.member(EventFactory.creator, "join"), old]))
        }
        try expectLinear(room, size: 120) { event, state in
            #expect(AuthRules(version: .v12).check(event, against: state) == .allowed)
            _ = RoomCreators(create: state.event(.create), version: .v12).all
        }
    }

    @Test func accessControlListsAreLinear() throws {
        let server = try #require(ServerName("evil.example.org"))
        try expectLinear(
            { count in
                try pdu(["content": ["deny": .array((0..<count).map { .string("*.e\($0)*.org") }), "allow": ["*"]]])
            }, size: 100
        ) { event in
            let list = try #require(event["content"])
            #expect(ServerACL(content: list).allows(server))
        }
    }
}
