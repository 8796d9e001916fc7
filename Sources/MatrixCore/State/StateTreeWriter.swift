/// A change at its place in the tree.
struct PathChange {
    let path: StatePath
    let key: StateKeyNID
    let event: EventNID?
}

/// Applies changes to a tree: descends only where something changes, keeps every node that stays equal, and gives each
/// changed subtree the one shape that its content has.
struct StateTreeWriter {
    private var builder: StatePackBuilder

    init(pack: PackNID) {
        builder = StatePackBuilder(pack: pack)
    }

    /// A subtree after the changes, not yet written.
    private indirect enum Draft {
        case empty
        case kept(StateNodeReference)
        case leaf([StateEntry])
        /// 16 places, by step.
        case branch([Draft], count: Int)
    }

    /// Applies changes that are sorted by path and hold each key once.
    ///
    /// - Returns: the new root and its pack; the old root and no pack when nothing changed. Meaningless while the walk
    ///   has missing packs.
    mutating func apply(
        _ changes: [PathChange], to root: StateRoot, reading walk: inout StateTreeWalk
    ) throws(StateTreeError) -> (StateRoot, StatePack?) {
        let (draft, count): (Draft, Int)
        if root.isEmpty {
            let entries = Self.merged([], changes[...])
            (draft, count) = (try Self.build(entries[...], level: 0), entries.count)
        } else {
            _ = try walk.node(root)
            let change: Int
            (draft, change) = try apply(changes[...], to: root.reference, at: .root, reading: &walk)
            count = root.count + change
        }
        switch draft {
        case .empty: return (.empty, nil)
        case .kept: return (root, nil)
        case .leaf, .branch:
            let node = try write(draft)
            return (
                StateRoot(pack: builder.pack, slot: node.slot, hash: node.hash, count: count), builder.finished()
            )
        }
    }

    /// - Returns: the subtree after the changes, and by how much its number of entries changed.
    private func apply(
        _ changes: ArraySlice<PathChange>, to reference: StateNodeReference, at place: StatePlace,
        reading walk: inout StateTreeWalk
    ) throws(StateTreeError) -> (Draft, Int) {
        switch try walk.node(reference, at: place) {
        case nil: return (.kept(reference), 0)
        case .leaf(let old):
            let new = Self.merged(old, changes)
            if new == old { return (.kept(reference), 0) }
            return (try Self.build(new[...], level: place.level), new.count - old.count)
        case .branch(let branch): return try apply(changes, to: branch, of: reference, at: place, reading: &walk)
        }
    }

    private func apply(
        _ changes: ArraySlice<PathChange>, to branch: StateBranch, of reference: StateNodeReference,
        at place: StatePlace,
        reading walk: inout StateTreeWalk
    ) throws(StateTreeError) -> (Draft, Int) {
        let level = place.level
        var places = (0..<16).map { step in branch.child(at: step).map(Draft.kept) ?? .empty }
        var difference = 0
        var isChanged = false
        for group in Self.groups(changes, level: level) {
            let step = group.step
            if let child = branch.child(at: step) {
                let (draft, change) = try apply(group.changes, to: child, at: place.child(at: step), reading: &walk)
                if case .kept = draft { continue }
                places[step] = draft
                difference += change
            } else {
                let entries = Self.merged([], group.changes)
                if entries.isEmpty { continue }
                places[step] = try Self.build(entries[...], level: level + 1)
                difference += entries.count
            }
            isChanged = true
        }
        guard isChanged else { return (.kept(reference), 0) }
        let count = branch.count + difference
        guard count >= 0 else { throw .inconsistentNodes(reference.pack) }
        guard count <= StateNode.leafLimit(atLevel: level) else { return (.branch(places, count: count), difference) }
        // The subtree became small enough to be a leaf, so it has to become one.
        var entries: [StateEntry] = []
        for (step, draft) in places.enumerated() {
            try Self.collect(draft, at: place.child(at: step), reading: &walk, into: &entries)
        }
        return (try Self.build(entries[...], level: level), difference)
    }

    private static func collect(
        _ draft: Draft, at place: StatePlace, reading walk: inout StateTreeWalk, into entries: inout [StateEntry]
    ) throws(StateTreeError) {
        switch draft {
        case .empty: return
        case .kept(let reference): try walk.collect(reference, at: place, into: &entries)
        case .leaf(let found): entries += found
        case .branch(let places, _):
            for (step, draft) in places.enumerated() {
                try collect(draft, at: place.child(at: step), reading: &walk, into: &entries)
            }
        }
    }

    /// The one shape of a subtree with these entries, which are in the order of their paths.
    private static func build(_ entries: ArraySlice<StateEntry>, level: Int) throws(StateTreeError) -> Draft {
        if entries.isEmpty { return .empty }
        if entries.count <= StateNode.leafLimit(atLevel: level) { return .leaf(Array(entries)) }
        guard level < StatePath.maximumDepth else { throw .malformedPack }
        var places = [Draft](repeating: .empty, count: 16)
        var rest = entries
        while let first = rest.first {
            let step = first.path.step(at: level)
            let group = rest.prefix { $0.path.step(at: level) == step }
            places[step] = try build(group, level: level + 1)
            rest = rest.dropFirst(group.count)
        }
        return .branch(places, count: entries.count)
    }

    private static func groups(
        _ changes: ArraySlice<PathChange>, level: Int
    ) -> [(step: Int, changes: ArraySlice<PathChange>)] {
        var groups: [(step: Int, changes: ArraySlice<PathChange>)] = []
        var rest = changes
        while let first = rest.first {
            let step = first.path.step(at: level)
            let group = rest.prefix { $0.path.step(at: level) == step }
            groups.append((step, group))
            rest = rest.dropFirst(group.count)
        }
        return groups
    }

    /// Applies changes to the entries of a leaf; both are in the order of their paths.
    private static func merged(_ old: [StateEntry], _ changes: ArraySlice<PathChange>) -> [StateEntry] {
        var new: [StateEntry] = []
        new.reserveCapacity(old.count + changes.count)
        var rest = old[...]
        for change in changes {
            while let entry = rest.first, entry.path < change.path {
                new.append(entry)
                rest = rest.dropFirst()
            }
            if rest.first?.key == change.key { rest = rest.dropFirst() }
            if let event = change.event { new.append(StateEntry(key: change.key, event: event)) }
        }
        return new + rest
    }

    private mutating func write(_ draft: Draft) throws(StateTreeError) -> StatePackBuilder.Written {
        switch draft {
        case .leaf(let entries): return try builder.append(leaf: entries)
        case .branch(let places, let count):
            var bitmap: UInt16 = 0
            var children: [StateNodeReference] = []
            for (step, place) in places.enumerated() {
                switch place {
                case .empty: continue
                case .kept(let reference): children.append(reference)
                case .leaf, .branch:
                    let node = try write(place)
                    children.append(
                        StateNodeReference(
                            pack: builder.pack, slot: node.slot, contentHash: node.hash.high, newest: node.newest))
                }
                bitmap |= 1 << UInt16(step)
            }
            return try builder.append(branch: StateBranch(bitmap: bitmap, count: count, children: children))
        case .empty, .kept: throw .malformedPack
        }
    }
}
