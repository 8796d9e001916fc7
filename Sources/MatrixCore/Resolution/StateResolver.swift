/// Resolves states of one room that came apart, with the algorithm of its version: 1 in room version 1, 2.1 since room
/// version 12, 2 between.
///
/// The result depends on the states and their events alone: not on the order in which they are given, nor on numbers
/// beyond their order along the auth graph.
///
/// - Cost: what differs between the states and what is above it in the auth graph, not the size of the room.
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
package struct StateResolver: Sendable {
    /// More states than an event can have previous events, by far.
    package static let maximumStates = 64
    /// How many events are asked for in one call of the source.
    package static let eventsPerRead = 512

    let version: RoomVersion
    let create: Event
    let source: any ResolutionSource

    /// - Parameter create: the room's create event, which no auth event names since version 12.
    package init(version: RoomVersion, create: Event, source: any ResolutionSource) {
        self.version = version
        self.create = create
        self.source = source
    }

    /// What has to change in one of the states to make it the resolution of all of them.
    ///
    /// - Parameters:
    ///   - base: one of the states; which one makes no difference to the result.
    ///   - others: the other states of the same room, stored or not.
    nonisolated(nonsending) package func resolve(
        _ base: StateTree, with others: [StateTree]
    ) async throws -> [StateChange] {
        try await resolve(base.reading(others), with: others.map(\.root))
    }

    /// The same for states of which all nodes are stored or pending in the base.
    nonisolated(nonsending) package func resolve(
        _ base: StateTree, with others: [StateRoot]
    ) async throws -> [StateChange] {
        var different: [StateRoot] = []
        for other in others where other != base.root && !different.contains(other) { different.append(other) }
        if different.isEmpty { return [] }
        guard different.count < Self.maximumStates else { throw ResolutionError.tooManyStates(different.count + 1) }
        let conflict = try await StateConflict(base: base, others: different)
        if version.stateResolution == .v1 { return try await resolveAsFirst(conflict, base: base) }
        var events = EventTable(source: source)
        let conflicted = try await fullConflictedSet(conflict, base: base, events: &events)
        try await events.load(conflicted)
        try await events.load(conflicted.flatMap { events[$0]?.authEvents ?? [] })

        var checks = IterativeAuthChecks(version: version, create: create)
        if version.stateResolution == .v2 {
            try await checks.start(
                from: unconflictedEvents(base, conflict, for: conflicted, events: &events), in: events)
        }
        let ordering = PowerOrdering(version: version, create: create, events: events)
        let powerEvents = try ordering.sorted(conflicted)
        await checks.apply(powerEvents, in: events)
        let rest = conflicted.subtracting(powerEvents)
        var mainline = Mainline(of: checks.powerLevels)
        let sortedRest = try await mainline.sorted(rest, table: &events)
        await checks.apply(sortedRest, in: events)
        return try await changes(to: checks.resolved, in: events, base: base, conflict: conflict)
    }

    /// The conflicted events, the auth difference and, in version 2.1, what lies between conflicted events.
    private nonisolated(nonsending) func fullConflictedSet(
        _ conflict: StateConflict, base: StateTree, events: inout EventTable
    ) async throws -> Set<EventNID> {
        try await events.load(conflict.holders.keys)
        // The checks will need them anyway.
        try await events.load(conflict.holders.keys.flatMap { events[$0]?.authEvents ?? [] })
        var full = Set(conflict.holders.keys)
        if version.stateResolution == .v2_1 {
            full = try await ConflictedSubgraph(conflicted: full).find(in: &events)
        }
        var difference = AuthDifference(of: conflict, base: base)
        full.formUnion(try await difference.find(in: &events))
        return full
    }

    /// The unconflicted state as far as the rules may ask for it when they check some events.
    private nonisolated(nonsending) func unconflictedEvents(
        _ base: StateTree, _ conflict: StateConflict, for conflicted: Set<EventNID>, events: inout EventTable
    ) async throws -> [EventNID] {
        let rules = AuthRules(version: version)
        var keys: Set<StateKey> = [.powerLevels]
        for number in conflicted {
            if let event = events[number]?.event { keys.formUnion(rules.selection(for: event)) }
        }
        let numbers = try await source.stateKeyNumbers(of: keys.sorted())
        let wanted = numbers.values.filter { !conflict.keys.contains($0) }
        let found = try await base.events(for: wanted).values.sorted()
        try await events.load(found)
        return found
    }

    /// Whether an event claims to begin the room, which another event did: "This is the first event in a room and cannot be
    /// changed". Whoever was let to tell a state might smuggle it in; the rules alone would allow it.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomcreate
    func isForeignCreate(_ event: Event) -> Bool { event.type == EventType.create && event.eventID != create.eventID }

    /// Unconflicted keys keep their events, whatever the checks made of them; the others get theirs, or none.
    nonisolated(nonsending) func changes(
        to resolved: some Sequence<EventNID>, in events: EventTable, base: StateTree, conflict: StateConflict
    ) async throws -> [StateChange] {
        var results: [StateKeyNID: EventNID] = [:]
        for number in resolved {
            if let key = events[number]?.stateKey { results[key] = number }
        }
        let present = try await base.events(for: Set(results.keys).union(conflict.keys))
        var changes: [StateChange] = []
        for key in Set(results.keys).union(conflict.keys) {
            if !conflict.keys.contains(key), present[key] != nil { continue }
            if results[key] != present[key] { changes.append(StateChange(key: key, event: results[key])) }
        }
        return changes.sorted { $0.key < $1.key }
    }
}
