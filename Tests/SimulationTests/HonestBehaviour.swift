import MatrixCore

/// What users of honest servers do: all kinds of events that forks make trouble with.
struct HonestBehaviour {
    let version: RoomVersion
    let servers: Int
    /// Those who must stay in the room with all their power.
    let anchors: Set<UserID>

    func draft(
        by server: SimulatedServer, state: [StateKey: Event], said: [Event], _ generator: inout SeededGenerator
    ) throws -> Draft? {
        guard let sender = generator.pick(server.users) else { return nil }
        let everybody = try (0..<servers).flatMap(SimulatedServer.users)
        guard let target = generator.pick(everybody.filter { !anchors.contains($0) }) else { return nil }
        let text = JSONValue.string("\(generator.number(below: 1_000_000))")
        switch generator.number(below: 24) {
        case 0...3: return Draft(type: EventType.message, sender: sender, content: ["body": text])
        case 4...6:
            let type = generator.isLucky(50) ? EventType.topic : EventType.name
            return Draft(
                type: type, stateKey: "", sender: sender, content: [type == EventType.name ? "name" : "topic": text])
        case 7...9: return member(sender, "join", by: sender, ["displayname": text])
        case 10 where !anchors.contains(sender): return member(sender, "leave", by: sender)
        case 11 where version.authorization.allowsRestrictedJoins: return restrictedJoin(of: sender, state: state)
        case 12 where !anchors.contains(sender): return member(sender, "knock", by: sender)
        case 13, 14: return member(target, "invite", by: sender)
        case 15: return member(target, "ban", by: sender, ["reason": text])
        case 16, 17: return member(target, "leave", by: sender)
        case 18, 19, 20: return powerLevels(by: sender, target: target, state: state, &generator)
        case 21: return joinRules(by: sender, &generator)
        case 22: return redaction(by: sender, said: said, &generator)
        default:
            return Draft(
                type: EventType.aliases, stateKey: server.name.description, sender: sender, content: ["aliases": []])
        }
    }

    private func member(
        _ target: UserID, _ membership: String, by sender: UserID, _ content: JSONValue = [:]
    ) -> Draft {
        var content = content
        content["membership"] = .string(membership)
        return Draft(type: EventType.member, stateKey: target.description, sender: sender, content: content)
    }

    private func restrictedJoin(of user: UserID, state: [StateKey: Event]) -> Draft? {
        guard let authorising = anchors.sorted().first(where: { state[.member($0)]?.membership == .join }) else {
            return nil
        }
        return member(user, "join", by: user, ["join_authorised_via_users_server": .string(authorising.description)])
    }

    private func powerLevels(
        by sender: UserID, target: UserID, state: [StateKey: Event], _ generator: inout SeededGenerator
    ) -> Draft {
        var content = state[.powerLevels]?.content.value() ?? [:]
        var users = content["users"] ?? [:]
        let level = Int64([0, 25, 50, 60, 75, 100][generator.number(below: 6)])
        switch generator.number(below: 4) {
        case 0: content["state_default"] = .integer(Int64([25, 50, 60][generator.number(below: 3)]))
        case 1: content["events"] = [EventType.topic: .integer(level)]
        default:
            users[target.description] = .integer(level)
            content["users"] = users
        }
        return Draft(type: EventType.powerLevels, stateKey: "", sender: sender, content: content)
    }

    private func joinRules(by sender: UserID, _ generator: inout SeededGenerator) -> Draft {
        // In versions that do not know them the last ones let nobody in.
        let rules = ["public", "public", "public", "invite", "knock", "restricted", "knock_restricted"]
        let rule = generator.pick(rules) ?? "public"
        return Draft(
            type: EventType.joinRules, stateKey: "", sender: sender, content: ["join_rule": .string(rule), "allow": []])
    }

    private func redaction(by sender: UserID, said: [Event], _ generator: inout SeededGenerator) -> Draft? {
        guard let target = generator.pick(said) else { return nil }
        return Draft(
            type: EventType.redaction, sender: sender, content: ["redacts": .string(target.eventID.description)],
            redacts: target.eventID)
    }
}
