import MatrixCore

/// What the server that lies makes: events that its own copy of the room would never lead to.
struct LyingBehaviour {
    let version: RoomVersion
    let servers: Int

    /// One event, or several that say different things from the same place.
    func lies(
        by liar: inout SimulatedServer, at time: Int64, _ generator: inout SeededGenerator
    ) async throws -> [Event] {
        let nodes = liar.graph.order
        guard let sender = generator.pick(liar.users) else { return [] }
        var ground = try await ground(of: &liar, nodes, &generator)
        if generator.isLucky(20) { ground.prev = generator.some(nodes, atMost: 3).map(\.event) }
        let choice = generator.number(below: 10)
        var lies: [Event] = []
        for _ in 0..<(choice < 3 ? 2 : 1) {
            let draft = try draft(by: sender, ground.state, &generator)
            var chosen = Chosen(
                prev: ground.prev.map(\.eventID), auth: try citations(of: draft, in: ground.state),
                depth: Event.depth(following: ground.prev.map(\.depth), in: version), time: time + liar.skew)
            if choice > 3 { try distort(&chosen, draft, nodes, &generator) }
            if let event = try? make(draft, chosen, by: liar) { lies.append(event) }
        }
        return lies
    }

    private struct Ground {
        var prev: [Event]
        var state: [StateKey: Event]
    }

    private struct Chosen {
        var prev: [EventID]
        var auth: [EventID]
        var depth: Int64
        var time: Int64
    }

    /// Some place of the graph: the present, or one that is long past.
    private func ground(
        of liar: inout SimulatedServer, _ nodes: [MemoryGraph.Node], _ generator: inout SeededGenerator
    ) async throws -> Ground {
        if generator.isLucky(50), let node = generator.pick(nodes) {
            return Ground(prev: [node.event], state: try await liar.graph.content(after: node))
        }
        let state = try await liar.graph.content(of: liar.graph.tree.root)
        return Ground(prev: liar.graph.ends.prefix(EventLimits.prevEvents).map(\.event), state: state)
    }

    private func draft(
        by sender: UserID, _ state: [StateKey: Event], _ generator: inout SeededGenerator
    ) throws -> Draft {
        let everybody = try (0..<servers).flatMap(SimulatedServer.users)
        let target = generator.pick(everybody) ?? sender
        let text = JSONValue.string("lie \(generator.number(below: 1_000_000))")
        func member(_ user: UserID, _ membership: String) -> Draft {
            Draft(
                type: EventType.member, stateKey: user.description, sender: sender,
                content: ["membership": .string(membership), "displayname": text])
        }
        switch generator.number(below: 12) {
        case 0: return Draft(type: EventType.message, sender: sender, content: ["body": text])
        case 1, 2: return Draft(type: EventType.topic, stateKey: "", sender: sender, content: ["topic": text])
        case 3: return member(sender, "join")
        case 4: return member(sender, "leave")
        case 5: return member(target, "ban")
        case 6: return member(target, "leave")
        case 7: return member(target, "invite")
        case 8:
            let rule: JSONValue = generator.isLucky(50) ? "public" : "invite"
            return Draft(type: EventType.joinRules, stateKey: "", sender: sender, content: ["join_rule": rule])
        case 9:
            return Draft(
                type: EventType.create, stateKey: "", sender: sender,
                content: ["room_version": .string(version.identifier), "creator": .string(sender.description)])
        default:
            var content = state[.powerLevels]?.content.value() ?? [:]
            var users = content["users"] ?? [:]
            users[target.description] = .integer([0, 50, 100][generator.number(below: 3)])
            content["users"] = users
            return Draft(type: EventType.powerLevels, stateKey: "", sender: sender, content: content)
        }
    }

    private func citations(of draft: Draft, in state: [StateKey: Event]) throws -> [EventID] {
        let content = try JSONDocument(parsing: draft.content.canonicalBytes)
        return AuthRules(version: version).selection(
            type: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: content.root
        ).compactMap { state[$0]?.eventID }
    }

    /// Makes an event of what it must not be.
    private func distort(
        _ chosen: inout Chosen, _ draft: Draft, _ nodes: [MemoryGraph.Node], _ generator: inout SeededGenerator
    ) throws {
        let content = try JSONDocument(parsing: draft.content.canonicalBytes)
        let keys = AuthRules(version: version).selection(
            type: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: content.root)
        // Old power levels, memberships from before a ban, rejected events: whatever ever stood at these places.
        func anything(for key: StateKey) -> EventID? {
            generator.pick(nodes.filter { $0.event.fullStateKey == key })?.event.eventID
        }
        switch generator.number(below: 12) {
        case 0...4: chosen.auth = keys.compactMap(anything)
        case 5: chosen.auth = Array(chosen.auth.dropLast())
        case 6: chosen.auth += [generator.pick(nodes)?.event.eventID].compactMap(\.self)
        case 7: chosen.auth = []
        case 8: chosen.prev = []
        case 9: chosen.prev += [generator.pick(nodes.filter(\.isRejected))?.event.eventID].compactMap(\.self)
        case 10: chosen.prev += [try unknownEvent(&generator)]
        default: chosen.auth += [try unknownEvent(&generator)]
        }
        if generator.isLucky(30) { chosen.depth = Int64(generator.number(below: 1_000)) }
        if generator.isLucky(5) { chosen.depth = version.maximumDepth }
        // Early times win where forks meet.
        if generator.isLucky(50) { chosen.time = Int64(generator.number(below: 100)) }
    }

    /// An event that nobody has.
    private func unknownEvent(_ generator: inout SeededGenerator) throws -> EventID {
        var generator = SeededGenerator(seed: generator.next())
        let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let name = Base64.encodeURLSafe(bytes) + (version.eventIDFormat == .chosen ? ":s9.example" : "")
        guard let id = EventID("$\(name)") else { throw Disagreement("an event id that is none") }
        return id
    }

    private func make(_ draft: Draft, _ chosen: Chosen, by liar: SimulatedServer) throws -> Event {
        let isNamedByCreate = version.namesRoomByCreateEvent && draft.type == EventType.create
        var builder = try EventBuilder(
            version: version, roomID: isNamedByCreate ? nil : liar.graph.receipt.roomID, type: draft.type,
            stateKey: draft.stateKey, sender: draft.sender, content: draft.content)
        builder.prevEvents = draft.type == EventType.create ? [] : Array(chosen.prev.prefix(EventLimits.prevEvents))
        builder.authEvents = draft.type == EventType.create ? [] : Array(chosen.auth.prefix(EventLimits.authEvents))
        builder.depth = chosen.depth
        builder.originServerTS = max(chosen.time, 0)
        return try builder.signed(by: liar.name, with: liar.key)
    }

    /// The event with content that nobody signed: to those who get it so, it comes as if it were redacted.
    func tampered(_ event: Event) -> [UInt8] {
        // What the rules look at stays, since redaction takes some of it away in old versions.
        guard [EventType.message, EventType.topic, EventType.name].contains(event.type) else { return event.bytes }
        var value = event.json.value()
        value["content"] = ["topic": "never said", "body": "never said"]
        return value.canonicalBytes
    }
}
