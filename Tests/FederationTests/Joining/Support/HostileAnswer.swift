import MatrixCore
import Testing

/// An answer to a join that must not be believed.
struct HostileAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let operation: String
    var version = RoomVersion.v12
    var joinRule: JSONValue = ["join_rule": "public"]
    let change: @Sendable (JSONValue, ResidentServer) -> JSONValue

    static let all = drafts + answers

    /// Drafts of something that was not asked for.
    private static let drafts = [
        draft("another type") { $0["type"] = "m.room.power_levels" },
        draft("another sender") { $0["sender"] = "@mallory:here.test" },
        draft("another member") { $0["state_key"] = "@mallory:here.test" },
        draft("another room") { $0["room_id"] = "!other:remote.test" },
        draft("another membership") { $0["content"] = ["membership": "leave"] },
        draft("a message") { $0["state_key"] = nil },
        draft("no place in the graph") { $0["prev_events"] = [] },
        draft("too many predecessors") { event in
            event["prev_events"] = .array((0..<21).map { .string("$\(String(repeating: "a", count: 41))\($0 + 10)") })
        },
        draft("a negative depth") { $0["depth"] = -1 },
        draft("a depth that nothing can follow") { $0["depth"] = .integer(.max) },
        draft("a fraction as depth") { $0["depth"] = 1.5 },
        draft("authorised by somebody else's user") {
            $0["content"] = ["membership": "join", "join_authorised_via_users_server": "@x:third.test"]
        },
        HostileAnswer("an unknown version", "make_join") { answer, _ in
            var answer = answer
            answer["room_version"] = "org.example.unknown"
            return answer
        },
        HostileAnswer("a version that names rooms otherwise", "make_join") { answer, _ in
            var answer = answer
            answer["room_version"] = "11"
            return answer
        },
    ]

    /// Rooms that are not what was joined.
    private static let answers = [
        HostileAnswer("no create event", "send_join") { answer, _ in remove(EventType.create, in: answer) },
        HostileAnswer("another room's create event", "send_join") { answer, server in
            var answer = remove(EventType.create, in: answer)
            guard let other = try? ResidentServer(server.name.description, creator: "otto") else { return answer }
            answer["state"] = .array((answer["state"]?.array ?? []) + other.events.prefix(1).map(ResidentServer.json))
            return answer
        },
        HostileAnswer("an event of another room", "send_join") { answer, server in
            var answer = answer
            guard let other = try? ResidentServer(server.name.description, creator: "otto") else { return answer }
            answer["auth_chain"] = .array(other.events.map(ResidentServer.json) + (answer["auth_chain"]?.array ?? []))
            return answer
        },
        HostileAnswer("state of another room", "send_join") { answer, server in
            var answer = answer
            guard let other = try? ResidentServer(server.name.description, creator: "otto"),
                let member = other.events.first(where: { $0.type == EventType.member })
            else { return answer }
            answer["state"] = .array((answer["state"]?.array ?? []) + [ResidentServer.json(member)])
            return answer
        },
        HostileAnswer("a forged create event", "send_join") { answer, _ in forge(EventType.create, "", in: answer) },
        HostileAnswer("forged power levels", "send_join") { answer, _ in forge(EventType.powerLevels, "", in: answer) },
        HostileAnswer("a room that we may not join", "send_join", version: .v11) { answer, server in
            // The same room with other join rules in its state.
            guard
                let closed = try? server.build(
                    EventType.joinRules, "", by: server.user("anna"), ["join_rule": "invite"]
                )
                .signed(by: server.name, with: server.key)
            else { return answer }
            var answer = remove(EventType.joinRules, in: answer)
            answer["state"] = .array((answer["state"]?.array ?? []) + [ResidentServer.json(closed)])
            return answer
        },
        HostileAnswer("no auth events of the join", "send_join") { answer, _ in
            var answer = remove(EventType.joinRules, in: answer)
            answer["auth_chain"] = []
            return answer
        },
        HostileAnswer("two events in one place", "send_join") { answer, server in
            var answer = answer
            guard
                let second = try? server.build(
                    EventType.joinRules, "", by: server.user("anna"), ["join_rule": "public"]
                )
                .signed(by: server.name, with: server.key)
            else { return answer }
            answer["state"] = .array((answer["state"]?.array ?? []) + [ResidentServer.json(second)])
            return answer
        },
        HostileAnswer("a message as state", "send_join") { answer, server in
            var answer = answer
            guard let message = server.events.first(where: { !$0.isState }) else { return answer }
            answer["state"] = .array((answer["state"]?.array ?? []) + [ResidentServer.json(message)])
            return answer
        },
        HostileAnswer("members left out", "send_join") { answer, _ in
            var answer = answer
            answer["members_omitted"] = true
            return answer
        },
        HostileAnswer("another join than ours", "send_join") { answer, _ in
            var answer = answer
            answer["event"]?["content"] = ["membership": "join", "displayname": "somebody"]
            return answer
        },
        HostileAnswer("another event than our join", "send_join") { answer, server in
            var answer = answer
            answer["event"] = server.events.first.map(ResidentServer.json)
            return answer
        },
        HostileAnswer(
            "no signature of who let us in", "send_join", joinRule: ["join_rule": "restricted", "allow": []]
        ) { answer, server in
            var answer = answer
            answer["event"]?["signatures"]?[server.name.description] = nil
            return answer
        },
        HostileAnswer("no state at all", "send_join") { _, _ in ["state": [], "auth_chain": []] },
        HostileAnswer("nothing sensible", "send_join") { _, _ in ["state": "none"] },
    ]

    init(
        _ description: String, _ operation: String, version: RoomVersion = .v12,
        joinRule: JSONValue = ["join_rule": "public"],
        _ change: @escaping @Sendable (JSONValue, ResidentServer) -> JSONValue
    ) {
        testDescription = description
        self.operation = operation
        self.version = version
        self.joinRule = joinRule
        self.change = change
    }

    private static func draft(
        _ description: String, _ change: @escaping @Sendable (inout JSONValue) -> Void
    ) -> HostileAnswer {
        HostileAnswer("a draft of \(description)", "make_join") { answer, _ in
            var answer = answer
            var event = answer["event"] ?? [:]
            change(&event)
            answer["event"] = event
            return answer
        }
    }

    private static func remove(_ type: String, in answer: JSONValue) -> JSONValue {
        var answer = answer
        answer["state"] = .array((answer["state"]?.array ?? []).filter { $0["type"] != .string(type) })
        return answer
    }

    /// Breaks the signature of a state event.
    static func forge(_ type: String, _ key: String, in answer: JSONValue) -> JSONValue {
        var answer = answer
        for list in ["state", "auth_chain"] {
            answer[list] = .array(
                (answer[list]?.array ?? []).map { event in
                    guard event["type"] == .string(type), event["state_key"] == .string(key) else { return event }
                    var event = event
                    event["origin_server_ts"] = 1
                    return event
                })
        }
        return answer
    }
}
