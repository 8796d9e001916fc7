/// The auth difference of some states: the events that are in the auth chains of some of them and not of all.
///
/// Every event that is reached carries a mask: the states that reach it. Masks go down from the events that the states hold
/// differently, along auth events, highest number first. What all states hold is in every state's part of the graph: where
/// such an event is met it gets the full mask, and so does whatever is below it. Numbers go down along auth events, so
/// nothing below the lowest event that is still undecided has to be looked at.
///
/// That leaves events that only something recent leads to which all states hold, and which was not met on the way. Those
/// are looked for at the end, among the entries of the state with higher numbers than what is undecided: after an ordinary
/// fork a few, since only what the branches have changed more than once is undecided then.
///
/// - Cost: the part of the auth graph between the states' heads and where they meet; nothing of the rest of the room.
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct AuthDifference {
    private let base: StateTree
    private let conflict: StateConflict
    private let all: UInt64
    private var reached: [EventNID: UInt64]
    /// The masks with which the auth events of an event were reached from it. When it gets more, they do too.
    private var handedOn: [EventNID: UInt64] = [:]
    /// Reached, and not handed on yet.
    private var open = BinaryHeap<EventNID>(by: >)
    /// Events that would be in the difference if nothing more reached them, and conflicted ones that have more to hand on.
    private var undecided: Set<EventNID> = []
    /// The undecided ones, and some that no longer are.
    private var lowestUndecided = BinaryHeap<EventNID>(by: <)
    /// What all states hold under the keys that were met.
    private var held: [StateKeyNID: EventNID] = [:]
    private var askedKeys: Set<StateKeyNID> = []

    init(of conflict: StateConflict, base: StateTree) {
        self.base = base
        self.conflict = conflict
        all = conflict.allStates
        reached = conflict.holders
    }

    /// The difference, without conflicted events. All conflicted events are in the table.
    nonisolated(nonsending) mutating func find(in table: inout EventTable) async throws -> Set<EventNID> {
        try await handOn(from: conflict.holders.keys.sorted(by: >), in: &table)
        try await walk(in: &table)
        if floor() != nil { try await reachFromRecentState(in: &table) }
        var found: Set<EventNID> = []
        for (event, mask) in reached where mask != all && conflict.holders[event] == nil { found.insert(event) }
        return found
    }

    private mutating func floor() -> EventNID? {
        while let lowest = lowestUndecided.first {
            if undecided.contains(lowest) { return lowest }
            _ = lowestUndecided.popFirst()
        }
        return nil
    }

    /// Hands masks on until nothing that is open can reach what is undecided.
    private nonisolated(nonsending) mutating func walk(in table: inout EventTable) async throws {
        while let next = open.first, let floor = floor(), next >= floor {
            if !table.hasNode(next) {
                // The others that are open will be asked for soon.
                try await table.loadNodes(of: table.missing(next, among: open.elements, from: floor))
            }
            _ = open.popFirst()
            if handedOn[next] != reached[next] { try await handOn(from: [next], in: &table) }
        }
    }

    /// Lets the auth events of some events be reached by whatever reaches these.
    private nonisolated(nonsending) mutating func handOn(
        from events: [EventNID], in table: inout EventTable
    ) async throws {
        var doubtful: [EventNID] = []
        for event in events {
            let mask = reached[event] ?? 0
            if mask == all { continue }
            for authEvent in try table.authEvents(of: event) where (reached[authEvent] ?? 0) | mask != all {
                doubtful.append(authEvent)
            }
        }
        try await lookUp(doubtful, in: &table)
        for event in events {
            let mask = reached[event] ?? 0
            handedOn[event] = mask
            if conflict.holders[event] != nil { undecided.remove(event) }
            for authEvent in try table.authEvents(of: event) { reach(authEvent, mask, in: table) }
        }
        // What all states hold now under the key of an event most likely came after it and leads to it.
        for event in doubtful where reached[event] != all {
            if let successor = table.stateKey(of: event).flatMap({ held[$0] }), successor > event {
                reach(successor, all, in: table)
            }
        }
    }

    /// Finds out whether events are part of what all states hold.
    private nonisolated(nonsending) mutating func lookUp(
        _ events: [EventNID], in table: inout EventTable
    ) async throws {
        if events.isEmpty { return }
        try await table.loadKeys(of: events)
        var keys: Set<StateKeyNID> = []
        for event in events {
            if let key = table.stateKey(of: event), !conflict.keys.contains(key), askedKeys.insert(key).inserted {
                keys.insert(key)
            }
        }
        if !keys.isEmpty { held.merge(try await base.events(for: keys)) { _, new in new } }
    }

    private mutating func reach(_ event: EventNID, _ mask: UInt64, in table: EventTable) {
        let before = reached[event] ?? 0
        var after = before | mask
        if after == before { return }
        if after != all, let key = table.stateKey(of: event), held[key] == event { after = all }
        reached[event] = after
        open.insert(event)
        if after == all {
            undecided.remove(event)
        } else if undecided.insert(event).inserted {
            lowestUndecided.insert(event)
        }
    }

    /// Begins also from those events that all states hold and that are newer than what is undecided, newest first.
    private nonisolated(nonsending) mutating func reachFromRecentState(
        in table: inout EventTable
    ) async throws {
        guard let lowest = floor() else { return }
        let conflictedKeys = conflict.keys
        let recent = try await base.entries(from: lowest)
            .filter { !conflictedKeys.contains($0.key) }.map(\.event).sorted(by: >)
        for start in stride(from: 0, to: recent.count, by: StateResolver.eventsPerRead) {
            guard let floor = floor() else { return }
            let some = recent[start..<min(start + StateResolver.eventsPerRead, recent.count)]
            let useful = some.filter { $0 > floor && reached[$0] != all }
            if useful.isEmpty { return }
            try await table.loadNodes(of: useful)
            for event in useful { reach(event, all, in: table) }
            try await walk(in: &table)
        }
    }
}
