/// Reads trees from the packs in memory. What is not in memory is noted, and the walk goes on elsewhere, so that one
/// read brings all that can be known to be needed.
struct StateTreeWalk {
    private let room: RoomNID
    private let source: any StateNodeSource
    private var loaded: [PackNID: StatePack]
    private var missing: Set<PackNID> = []

    init(room: RoomNID, source: any StateNodeSource, loaded: [PackNID: StatePack]) {
        self.room = room
        self.source = source
        self.loaded = loaded
    }

    /// The packs that the last turn did not find; when there are any, its result means nothing.
    mutating func takeMissing() -> [PackNID] {
        defer { missing = [] }
        return missing.sorted()
    }

    mutating func add(_ pack: StatePack, as id: PackNID) {
        loaded[id] = pack
    }

    private mutating func pack(_ id: PackNID) -> StatePack? {
        if let pack = loaded[id] { return pack }
        if let pack = source.cachedPack(id, room: room) {
            // Kept for the length of the operation, so that a cache that forgets cannot make the turns endless.
            loaded[id] = pack
            return pack
        }
        missing.insert(id)
        return nil
    }

    /// The node, or `nil` when its pack is not in memory.
    ///
    /// A node serves in one place only. Damaged references that lead to one from several places would otherwise make a
    /// walk of sixteen ways at each level, which no time is enough for.
    mutating func node(_ reference: StateNodeReference, at place: StatePlace) throws(StateTreeError) -> StateNode? {
        guard let pack = pack(reference.pack) else { return nil }
        guard let node = try pack.node(at: reference.slot) else { throw .inconsistentNodes(reference.pack) }
        let fits =
            switch node {
            // Entries are in the order of their paths.
            case .leaf(let entries):
                entries.first.map { place.holds($0.path) } == true && entries.last.map { place.holds($0.path) } == true
            case .branch: place.level < StatePath.maximumDepth - 1
            }
        guard fits else { throw .inconsistentNodes(reference.pack) }
        return node
    }

    /// The node of a root that is not empty.
    mutating func node(_ root: StateRoot) throws(StateTreeError) -> StateNode? {
        let node = try node(root.reference, at: .root)
        guard node.map({ $0.count == root.count }) ?? true else { throw .inconsistentNodes(root.pack) }
        return node
    }

    mutating func event(for key: StateKeyNID, in root: StateRoot) throws(StateTreeError) -> EventNID? {
        guard !root.isEmpty else { return nil }
        let path = StatePath(key)
        var reference = root.reference
        for level in 0..<StatePath.maximumDepth {
            guard let pack = pack(reference.pack) else { return nil }
            switch try pack.step(from: reference.slot, toward: key, path: path, level: level) {
            case .found(let event): return event
            case .absent: return nil
            case .descend(let child): reference = child
            case nil: throw .inconsistentNodes(reference.pack)
            }
        }
        throw .inconsistentNodes(reference.pack)
    }

    mutating func entries(in root: StateRoot) throws(StateTreeError) -> [StateEntry] {
        guard !root.isEmpty else { return [] }
        var found: [StateEntry] = []
        // The count comes from storage: it is a hint, not to be trusted with an allocation.
        found.reserveCapacity(min(root.count, 65_536))
        _ = try node(root)
        try collect(root.reference, at: .root, into: &found)
        return found
    }

    /// The entries whose events have at least some number.
    mutating func entries(in root: StateRoot, from lowest: EventNID) throws(StateTreeError) -> [StateEntry] {
        guard !root.isEmpty else { return [] }
        var found: [StateEntry] = []
        try collect(root.reference, at: .root, from: lowest, into: &found)
        return found
    }

    private mutating func collect(
        _ reference: StateNodeReference, at place: StatePlace, from lowest: EventNID, into entries: inout [StateEntry]
    ) throws(StateTreeError) {
        guard reference.newest >= lowest else { return }
        switch try node(reference, at: place) {
        case nil: return
        case .leaf(let found): for entry in found where entry.event >= lowest { entries.append(entry) }
        case .branch(let branch):
            for step in branch.steps {
                guard let child = branch.child(at: step) else { continue }
                try collect(child, at: place.child(at: step), from: lowest, into: &entries)
            }
        }
    }

    /// Appends all entries of a subtree, in the order of their paths.
    mutating func collect(
        _ reference: StateNodeReference, at place: StatePlace, into entries: inout [StateEntry]
    ) throws(StateTreeError) {
        switch try node(reference, at: place) {
        case nil: return
        case .leaf(let found): entries += found
        case .branch(let branch):
            for step in branch.steps {
                guard let child = branch.child(at: step) else { continue }
                try collect(child, at: place.child(at: step), into: &entries)
            }
        }
    }

    mutating func packNumbers(in root: StateRoot) throws(StateTreeError) -> [PackNID] {
        guard !root.isEmpty else { return [] }
        var packs: Set<PackNID> = []
        try collectPacks(root.reference, at: .root, into: &packs)
        return packs.sorted()
    }

    private mutating func collectPacks(
        _ reference: StateNodeReference, at place: StatePlace, into packs: inout Set<PackNID>
    ) throws(StateTreeError) {
        packs.insert(reference.pack)
        guard case .branch(let branch) = try node(reference, at: place) else { return }
        for step in branch.steps {
            guard let child = branch.child(at: step) else { continue }
            try collectPacks(child, at: place.child(at: step), into: &packs)
        }
    }

    mutating func difference(from old: StateRoot, to new: StateRoot) throws(StateTreeError) -> [StateDifference] {
        if old == new { return [] }
        var found: [StateDifference] = []
        try compare(old.isEmpty ? nil : old.reference, new.isEmpty ? nil : new.reference, at: .root, into: &found)
        return found.sorted { $0.key < $1.key }
    }

    private mutating func compare(
        _ old: StateNodeReference?, _ new: StateNodeReference?, at place: StatePlace,
        into found: inout [StateDifference]
    ) throws(StateTreeError) {
        // Two roots have already been told apart by all 128 bits.
        if place.level > 0, let old, let new, old.contentHash == new.contentHash { return }
        let oldNode: StateNode? = if let old { try node(old, at: place) } else { nil }
        let newNode: StateNode? = if let new { try node(new, at: place) } else { nil }
        if case .branch(let left) = oldNode, case .branch(let right) = newNode {
            for step in 0..<16 where (left.bitmap | right.bitmap) & (1 << UInt16(step)) != 0 {
                try compare(left.child(at: step), right.child(at: step), at: place.child(at: step), into: &found)
            }
            return
        }
        // While one side is not in memory nobody knows how much of the other has to be read.
        if old != nil && oldNode == nil || new != nil && newNode == nil { return }
        // At least one side is a leaf, or absent: what is below both is needed in full.
        var before: [StateEntry] = []
        var after: [StateEntry] = []
        if let old { try collect(old, at: place, into: &before) }
        if let new { try collect(new, at: place, into: &after) }
        if missing.isEmpty { Self.merge(before, after, into: &found) }
    }

    /// Compares two lists of entries that are in the order of their paths.
    private static func merge(_ before: [StateEntry], _ after: [StateEntry], into found: inout [StateDifference]) {
        var left = before[...]
        var right = after[...]
        while true {
            switch (left.first, right.first) {
            case (nil, nil): return
            case (let old?, let new?) where old.key == new.key:
                if old.event != new.event {
                    found.append(StateDifference(key: old.key, old: old.event, new: new.event))
                }
                left.removeFirst()
                right.removeFirst()
            case (let old?, let new) where new.map({ old.path < $0.path }) ?? true:
                found.append(StateDifference(key: old.key, old: old.event, new: nil))
                left.removeFirst()
            case (_, let new?):
                found.append(StateDifference(key: new.key, old: nil, new: new.event))
                right.removeFirst()
            case (_, nil): return
            }
        }
    }
}
