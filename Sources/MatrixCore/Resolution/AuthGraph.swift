/// The part of a room's auth graph that one resolution has seen: who has which auth events, by number.
///
/// Auth events have lower numbers than their event, so a walk from the highest number down meets every event after all
/// that lead to it, and may stop below the lowest number that matters.
struct AuthGraph<Source: ResolutionSource> {
    private let source: Source
    private var edges: [EventNID: [EventNID]] = [:]

    init(source: Source) {
        self.source = source
    }

    /// The auth events of an event that was loaded.
    private func authEvents(of event: EventNID) throws -> [EventNID] {
        guard let found = edges[event] else { throw ResolutionError.missingEvent(event) }
        return found
    }

    private nonisolated(nonsending) mutating func load(_ events: some Sequence<EventNID>) async throws {
        let missing = events.filter { edges[$0] == nil }
        for start in stride(from: 0, to: missing.count, by: StateResolver<Source>.eventsPerRead) {
            let batch = Array(missing[start..<min(start + StateResolver<Source>.eventsPerRead, missing.count)])
            for (event, authEvents) in try await source.authEvents(of: batch) {
                // Walks end because numbers only go down: this is what makes damaged data harmless.
                guard authEvents.allSatisfy({ $0 < event }) else { throw ResolutionError.numbersOutOfOrder(event) }
                edges[event] = authEvents
            }
        }
    }

    /// The events that are in some of the states or their auth chains, but not in all of them.
    ///
    /// - Parameters:
    ///   - seeds: for each event that not all states hold, the states that do, one bit each.
    ///   - all: the bits of all states.
    nonisolated(nonsending) mutating func difference(
        _ seeds: [EventNID: UInt64], all: UInt64
    ) async throws -> Set<EventNID> {
        var reached = seeds
        var open = BinaryHeap<EventNID>(by: >)
        for seed in seeds.keys { open.insert(seed) }
        // Once only events are open that all states reach, so is everything below them.
        var differing = reached.values.count { $0 != all }
        var found: Set<EventNID> = []
        while differing > 0, let next = open.first {
            if edges[next] == nil {
                // The others that are open will be asked for soon.
                try await load(
                    [next] + open.elements.lazy.filter { $0 != next }.prefix(StateResolver<Source>.eventsPerRead - 1))
            }
            _ = open.popFirst()
            let mask = reached[next] ?? 0
            if mask != all {
                differing -= 1
                found.insert(next)
            }
            for authEvent in try authEvents(of: next) {
                let before = reached[authEvent]
                let after = (before ?? 0) | mask
                reached[authEvent] = after
                if before == nil { open.insert(authEvent) }
                let differed = before.map { $0 != all } ?? false
                if differed != (after != all) { differing += after != all ? 1 : -1 }
            }
        }
        return found
    }

    /// Those of `wanted` that are among some events or in their auth chains.
    nonisolated(nonsending) mutating func reachable(
        from events: some Sequence<EventNID>, among wanted: Set<EventNID>
    ) async throws -> Set<EventNID> {
        guard let lowest = wanted.min() else { return [] }
        var visited = Set(events.filter { $0 >= lowest })
        var frontier = visited
        var found = visited.intersection(wanted)
        while !frontier.isEmpty, found.count < wanted.count {
            // Nothing below the lowest wanted event can lead to it; nor does it have to be looked at itself.
            try await load(frontier.filter { $0 > lowest })
            var next: Set<EventNID> = []
            for event in frontier where event > lowest {
                for authEvent in try authEvents(of: event) where authEvent >= lowest {
                    if visited.insert(authEvent).inserted { next.insert(authEvent) }
                }
            }
            found.formUnion(next.intersection(wanted))
            frontier = next
        }
        return found
    }

    /// The events on all paths along auth events from one of some events to another of them, with their ends.
    nonisolated(nonsending) mutating func paths(between ends: Set<EventNID>) async throws -> Set<EventNID> {
        guard let lowest = ends.min() else { return [] }
        var visited = ends
        var frontier = ends
        while !frontier.isEmpty {
            try await load(frontier.filter { $0 > lowest })
            var next: Set<EventNID> = []
            for event in frontier where event > lowest {
                for authEvent in try authEvents(of: event) where authEvent >= lowest {
                    if visited.insert(authEvent).inserted { next.insert(authEvent) }
                }
            }
            frontier = next
        }
        // Upwards: an event leads to one of the ends when it is one, or one of its auth events does.
        var leading: Set<EventNID> = []
        for event in visited.sorted() {
            let leads =
                try ends.contains(event) || (event > lowest && authEvents(of: event).contains(where: leading.contains))
            if leads { leading.insert(event) }
        }
        return leading
    }
}
