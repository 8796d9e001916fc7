/// The state of a room at one event: an immutable map from state keys to events, sharing all but a few nodes with the
/// states before and after it.
///
/// The shape of a tree depends on its content alone, so equal states have equal roots however they came about, and
/// comparing two states reads only where they differ.
///
/// All operations run on what is in memory without suspending, and otherwise ask the source once a level of the tree.
package struct StateTree: Sendable {
    /// How many packs are asked for in one call of the source.
    package static let packsPerRead = 512

    package let root: StateRoot
    package let room: RoomNID
    private let source: any StateNodeSource
    /// Packs that were made on the way to this tree and may not be stored yet.
    private let pending: [PackNID: StatePack]

    package init(root: StateRoot, room: RoomNID, source: any StateNodeSource) {
        self.init(root: root, room: room, source: source, pending: [:])
    }

    private init(root: StateRoot, room: RoomNID, source: any StateNodeSource, pending: [PackNID: StatePack]) {
        self.root = root
        self.room = room
        self.source = source
        self.pending = pending
    }

    /// Another state of the same room, read from the same source.
    package func at(_ root: StateRoot) -> StateTree {
        StateTree(root: root, room: room, source: source, pending: pending)
    }

    /// The same state, able to read what other trees of the room made and may not have stored yet.
    package func reading(_ others: some Sequence<StateTree>) -> StateTree {
        let known = others.reduce(into: pending) { $0.merge($1.pending) { first, _ in first } }
        return StateTree(root: root, room: room, source: source, pending: known)
    }

    /// The event that holds a key, or `nil`.
    nonisolated(nonsending) package func event(for key: StateKeyNID) async throws -> EventNID? {
        try await walk { (walk) throws(StateTreeError) in try walk.event(for: key, in: root) }
    }

    /// The events that hold some keys; keys that nothing holds are left out.
    nonisolated(nonsending) package func events(
        for keys: some Collection<StateKeyNID>
    ) async throws -> [StateKeyNID: EventNID] {
        try await walk { (walk) throws(StateTreeError) in
            var found: [StateKeyNID: EventNID] = [:]
            for key in keys { found[key] = try walk.event(for: key, in: root) }
            return found
        }
    }

    /// All entries, in an order that depends on nothing but the set of keys.
    nonisolated(nonsending) package func entries() async throws -> [StateEntry] {
        try await walk { (walk) throws(StateTreeError) in try walk.entries(in: root) }
    }

    /// The entries whose events have at least some number. Cost: the nodes that lead to them, whatever the size of the state.
    nonisolated(nonsending) package func entries(from lowest: EventNID) async throws -> [StateEntry] {
        try await walk { (walk) throws(StateTreeError) in try walk.entries(in: root, from: lowest) }
    }

    /// What differs between this state and another one of the same room, in ascending order of keys.
    nonisolated(nonsending) package func difference(to other: StateRoot) async throws -> [StateDifference] {
        try await walk { (walk) throws(StateTreeError) in try walk.difference(from: root, to: other) }
    }

    /// The same for several others, with the questions of all of them asked together.
    nonisolated(nonsending) package func differences(to others: [StateRoot]) async throws -> [[StateDifference]] {
        try await walk { (walk) throws(StateTreeError) in
            var found: [[StateDifference]] = []
            // What one of them misses is no reason not to find out what the next one does.
            for other in others { found.append(try walk.difference(from: root, to: other)) }
            return found
        }
    }

    /// The numbers of all packs that the tree rests on, in ascending order: what a purge or a compaction must keep.
    nonisolated(nonsending) package func packNumbers() async throws -> [PackNID] {
        try await walk { (walk) throws(StateTreeError) in try walk.packNumbers(in: root) }
    }

    /// The state after some changes; when a key is changed more than once, the last change counts.
    ///
    /// - Parameter newPack: the number under which the pack that comes back will be stored; never used before.
    /// - Returns: the new state, which is readable at once, and its pack, or no pack when nothing changed.
    nonisolated(nonsending) package func applying(
        _ changes: some Sequence<StateChange>, newPack: PackNID
    ) async throws -> StateUpdate {
        var latest: [StateKeyNID: EventNID?] = [:]
        for change in changes { latest.updateValue(change.event, forKey: change.key) }
        let sorted = latest.map { PathChange(path: StatePath($0.key), key: $0.key, event: $0.value) }
            .sorted { $0.path < $1.path }
        let made = try await walk { (walk) throws(StateTreeError) -> (StateRoot, StatePack?) in
            var writer = StateTreeWriter(pack: newPack)
            return try writer.apply(sorted, to: root, reading: &walk)
        }
        var pending = pending
        if let pack = made.1 { pending[newPack] = pack }
        let tree = StateTree(root: made.0, room: room, source: source, pending: pending)
        return StateUpdate(tree: tree, pack: made.1.map { StateUpdate.NewPack(number: newPack, pack: $0) })
    }

    /// How many entries a piece of a state that is made at once has.
    private static let entriesPerPiece = 512

    /// Changes in pieces that are to be applied one after the other, each with a pack of its own: a state that is made at
    /// once, however large, is then read in small packs too. Neighbours in the tree go together, so that a piece writes
    /// hardly a node that the next one writes again.
    package static func pieces(_ changes: [StateChange]) -> [[StateChange]] {
        let sorted = changes.map { (path: StatePath($0.key), change: $0) }.sorted { $0.path < $1.path }
        return stride(from: 0, to: sorted.count, by: entriesPerPiece).map { start in
            sorted[start..<min(start + entriesPerPiece, sorted.count)].map(\.change)
        }
    }

    /// Runs an operation on the nodes in memory; whenever it found some missing, reads all of them at once and runs it
    /// again. Each turn gets at least one level deeper, so the number of turns is bounded by the depth of the tree.
    nonisolated(nonsending) private func walk<Result>(
        _ operation: (inout StateTreeWalk) throws(StateTreeError) -> Result
    ) async throws -> Result {
        var walk = StateTreeWalk(room: room, source: source, loaded: pending)
        while true {
            let result = try operation(&walk)
            let missing = walk.takeMissing()
            if missing.isEmpty { return result }
            for start in stride(from: 0, to: missing.count, by: Self.packsPerRead) {
                let wanted = Array(missing[start..<min(start + Self.packsPerRead, missing.count)])
                let found = try await source.packs(wanted, room: room)
                for id in wanted {
                    guard let pack = found[id] else { throw StateTreeError.missingPack(id) }
                    walk.add(pack, as: id)
                }
            }
        }
    }
}

/// One change of a state: the event that holds a key from now on, or `nil` when nothing does.
package struct StateChange: Hashable, Sendable {
    package let key: StateKeyNID
    package let event: EventNID?

    package init(key: StateKeyNID, event: EventNID?) {
        self.key = key
        self.event = event
    }
}

/// One key that two states hold differently.
package struct StateDifference: Hashable, Sendable {
    package let key: StateKeyNID
    package let old: EventNID?
    package let new: EventNID?
}

/// What came of changing a state.
package struct StateUpdate: Sendable {
    /// A pack to be stored under its number before, or together with, anything that names the new root.
    package struct NewPack: Sendable {
        package let number: PackNID
        package let pack: StatePack
    }

    package let tree: StateTree
    package let pack: NewPack?

    package var root: StateRoot { tree.root }
}
