package import MatrixCore

/// A state of many entries that means nothing, and states that differ from it a little.
package struct LargeState: Sendable {
    package let packs = PackShelf()
    private let tree: StateTree
    private let entryCount: Int

    package init(entryCount: Int) async throws {
        self.entryCount = entryCount
        let entries = (0..<entryCount).map {
            StateChange(key: StateKeyNID(Int64($0) + 1), event: EventNID(Int64($0) * 3 + 1))
        }
        var tree = StateTree(root: .empty, room: LargeRoom.room, source: packs)
        for some in StateTree.pieces(entries) {
            let update = try await tree.applying(some, newPack: packs.nextNumber())
            packs.store(update)
            tree = StateTree(root: update.root, room: LargeRoom.room, source: packs)
        }
        self.tree = tree
    }

    /// What a change of one entry writes.
    nonisolated(nonsending) package func bytesOfChange(at index: Int) async throws -> Int {
        try await changed(at: [index], by: 1, from: tree, storing: false).bytes
    }

    /// Two states that were changed in five entries each, one change at a time.
    nonisolated(nonsending) package func forked() async throws -> (StateTree, StateTree) {
        let step = entryCount / 11
        return (
            try await changed(at: (1...5).map { $0 * step }, by: 1, from: tree, storing: true).tree,
            try await changed(at: (6...10).map { $0 * step }, by: 2, from: tree, storing: true).tree
        )
    }

    private nonisolated(nonsending) func changed(
        at indices: [Int], by amount: Int64, from start: StateTree, storing: Bool
    ) async throws -> (tree: StateTree, bytes: Int) {
        var (tree, bytes) = (start, 0)
        for index in indices {
            let key = StateKeyNID(Int64(index % entryCount) + 1)
            let change = StateChange(key: key, event: EventNID(Int64(entryCount) * 3 + amount + Int64(index)))
            let update = try await tree.applying([change], newPack: packs.nextNumber())
            bytes += update.pack?.pack.bytes.count ?? 0
            if storing { packs.store(update) }
            tree = storing ? StateTree(root: update.root, room: LargeRoom.room, source: packs) : update.tree
        }
        return (tree, bytes)
    }
}
