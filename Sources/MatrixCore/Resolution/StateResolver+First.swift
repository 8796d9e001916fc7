extension StateResolver {
    /// The resolution of room version 1, in which a key conflicts only when two states hold it with different events, and
    /// auth chains play no part.
    nonisolated(nonsending) func resolveAsFirst(
        _ conflict: StateConflict, base: StateTree
    ) async throws -> [StateChange] {
        var events = EventTable(source: source)
        try await events.load(conflict.holders.keys)
        var claims: [StateKeyNID: [ResolutionEvent]] = [:]
        for number in conflict.holders.keys {
            if let event = events[number] { claims[event.stateKey, default: []].append(event) }
        }
        var resolved: [EventNID] = []
        var conflicts: [StateKey: [ResolutionEvent]] = [:]
        for claim in claims.values {
            // What one state holds and another has nothing for is not in conflict.
            let candidates = claim.count == 1 ? claim : claim.filter { !$0.isRejected && !isForeignCreate($0.event) }
            if candidates.count == 1 {
                resolved.append(candidates[0].number)
            } else if let key = candidates.first?.event.fullStateKey {
                conflicts[key] = candidates
            }
        }
        let unconflicted = try await unconflictedEvents(
            for: conflicts.values.joined().map(\.event), claims: claims, base: base, events: &events)
        var passes = FirstResolution(version: version, create: create, unconflicted: unconflicted)
        resolved += try passes.resolve(conflicts)
        return try await changes(to: resolved, in: events, base: base, conflict: conflict)
    }

    /// What the rules may ask for when they check some events and no two states hold differently.
    private nonisolated(nonsending) func unconflictedEvents(
        for conflicted: [Event], claims: [StateKeyNID: [ResolutionEvent]], base: StateTree,
        events: inout EventTable
    ) async throws -> [StateKey: Event] {
        if conflicted.isEmpty { return [:] }
        let rules = AuthRules(version: version)
        let keys = conflicted.reduce(into: Set<StateKey>()) { $0.formUnion(rules.selection(for: $1)) }
        let numbers = try await source.stateKeyNumbers(of: keys.sorted())
        var found = try await base.events(for: numbers.values.filter { claims[$0] == nil })
        for key in numbers.values {
            if let claim = claims[key], claim.count == 1 { found[key] = claim[0].number }
        }
        try await events.load(found.values)
        var unconflicted: [StateKey: Event] = [:]
        for (key, number) in numbers {
            if let event = found[number].flatMap({ events[$0] }), !event.isRejected { unconflicted[key] = event.event }
        }
        return unconflicted
    }
}
