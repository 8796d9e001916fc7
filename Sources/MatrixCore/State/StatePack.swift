/// The nodes that one update of a state tree made: one row in the database.
///
/// Bytes: format 1, the number of nodes, the size of each node, then the nodes. All numbers without a fixed width are
/// unsigned LEB128.
/// - leaf: 0, the number of entries, then state key and event of each entry in the order of paths;
/// - branch: 2, bitmap (2 bytes), the number of entries below, the highest number of an event below, the widths of a
///   child's pack and age (a byte, ``StateReferenceLayout``), then for each child: pack, slot (2 bytes), content hash (8), and
///   by how much the newest event below it is older;
/// - branch as once written: 1, bitmap, the number of entries below, then 18 bytes a child: pack, slot, content hash.
///
/// The whole structure is checked once, when a pack is made from bytes; nodes are decoded when they are asked for.
package struct StatePack: Sendable {
    static let format: UInt8 = 1
    static let leafKind: UInt8 = 0
    static let unboundedBranchKind: UInt8 = 1
    static let branchKind: UInt8 = 2
    /// Slots are 16-bit numbers.
    static let maximumNodes = 65_536
    /// No pack of ``maximumNodes`` nodes comes near it; it keeps offsets within 32 bits.
    static let maximumBytes = 1 << 28

    package let bytes: [UInt8]
    /// Where each node starts; one more at the end.
    private let offsets: [UInt32]

    /// Checks bytes that came from the database.
    package init(bytes: [UInt8]) throws(StateTreeError) {
        guard bytes.count <= Self.maximumBytes, bytes.first == Self.format else { throw .malformedPack }
        var cursor = PackCursor(bytes: bytes, position: 1, end: bytes.count)
        let nodes = try cursor.number()
        guard nodes > 0, nodes <= UInt64(Self.maximumNodes) else { throw .malformedPack }
        var sizes: [Int] = []
        for _ in 0..<nodes {
            let size = try cursor.number()
            guard size <= UInt64(bytes.count) else { throw .malformedPack }
            sizes.append(Int(size))
        }
        var offsets = [UInt32(cursor.position)]
        for size in sizes {
            let start = Int(offsets[offsets.count - 1])
            let end = start + size
            guard end <= bytes.count else { throw .malformedPack }
            try Self.check(PackCursor(bytes: bytes, position: start, end: end))
            offsets.append(UInt32(end))
        }
        guard Int(offsets[offsets.count - 1]) == bytes.count else { throw .malformedPack }
        self.bytes = bytes
        self.offsets = offsets
    }

    /// Takes what ``StatePackBuilder`` has just written.
    init(trusted bytes: [UInt8], offsets: [UInt32]) {
        self.bytes = bytes
        self.offsets = offsets
    }

    private static func check(_ start: PackCursor) throws(StateTreeError) {
        var cursor = start
        let kind = try cursor.byte()
        switch kind {
        case leafKind:
            let count = try cursor.number()
            guard count > 0, count <= UInt64(StateNode.flatRootLimit) else { throw .malformedPack }
            var previous: StatePath?
            for _ in 0..<count {
                let path = try cursor.entry().path
                if let previous, previous >= path { throw .malformedPack }
                previous = path
            }
        case branchKind, unboundedBranchKind:
            let head = try cursor.branch(kind)
            guard head.bitmap != 0, head.count > UInt64(StateNode.leafLimit), head.count <= UInt64(UInt32.max) else {
                throw .malformedPack
            }
            try cursor.skip(head.bitmap.nonzeroBitCount * head.layout.size)
        default: throw .malformedPack
        }
        guard cursor.position == cursor.end else { throw .malformedPack }
    }

    private func cursor(at slot: UInt16) -> PackCursor? {
        guard Int(slot) + 1 < offsets.count else { return nil }
        return PackCursor(bytes: bytes, position: Int(offsets[Int(slot)]), end: Int(offsets[Int(slot) + 1]))
    }

    /// The node in a slot, or `nil` when the pack has no such slot.
    func node(at slot: UInt16) throws(StateTreeError) -> StateNode? {
        guard var cursor = cursor(at: slot) else { return nil }
        let kind = try cursor.byte()
        if kind == Self.leafKind {
            let count = Int(try cursor.number())
            var entries: [StateEntry] = []
            entries.reserveCapacity(count)
            for _ in 0..<count { entries.append(try cursor.entry()) }
            return .leaf(entries)
        }
        let head = try cursor.branch(kind)
        var children: [StateNodeReference] = []
        children.reserveCapacity(head.bitmap.nonzeroBitCount)
        for _ in 0..<head.bitmap.nonzeroBitCount { children.append(try cursor.reference(in: head)) }
        return .branch(StateBranch(bitmap: head.bitmap, count: Int(head.count), children: children))
    }

    /// What a search for one key finds in a node.
    enum Step {
        case found(EventNID)
        case absent
        case descend(StateNodeReference)
    }

    /// Follows a key through one node without decoding all of it; `nil` when the pack has no such slot.
    func step(from slot: UInt16, toward key: StateKeyNID, path: StatePath, level: Int) throws(StateTreeError) -> Step? {
        guard var cursor = cursor(at: slot) else { return nil }
        let kind = try cursor.byte()
        if kind == Self.leafKind {
            for _ in 0..<(try cursor.number()) {
                let entry = try cursor.entry()
                if entry.key == key { return .found(entry.event) }
            }
            return .absent
        }
        let head = try cursor.branch(kind)
        let bit = UInt16(1) << UInt16(path.step(at: level))
        guard head.bitmap & bit != 0 else { return .absent }
        try cursor.skip((head.bitmap & (bit - 1)).nonzeroBitCount * head.layout.size)
        return .descend(try cursor.reference(in: head))
    }
}
