/// Where some states of one room differ.
struct StateConflict {
    /// The keys that not all states hold with the same event.
    let keys: Set<StateKeyNID>
    /// The events that some state holds under those keys, and which states those are, one bit each.
    let holders: [EventNID: UInt64]
    /// The bits of all states; the base has the lowest one.
    let allStates: UInt64

    /// - Parameter others: fewer than 64 states, all different from the base and from each other.
    nonisolated(nonsending) init(base: StateTree, others: [StateRoot]) async throws {
        var differences: [[StateKeyNID: StateDifference]] = []
        var keys: Set<StateKeyNID> = []
        for found in try await base.differences(to: others) {
            keys.formUnion(found.map(\.key))
            differences.append(Dictionary(found.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }))
        }
        let inBase = try await base.events(for: keys)
        var holders: [EventNID: UInt64] = [:]
        for key in keys {
            let own = inBase[key]
            if let own { holders[own, default: 0] |= 1 }
            for (index, difference) in differences.enumerated() {
                let event = if let changed = difference[key] { changed.new } else { own }
                if let event { holders[event, default: 0] |= 1 << UInt64(index + 1) }
            }
        }
        self.keys = keys
        self.holders = holders
        allStates = .max >> UInt64(63 - others.count)
    }
}
