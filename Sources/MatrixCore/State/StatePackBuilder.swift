/// Collects the new nodes of one update, children before their parents.
struct StatePackBuilder {
    let pack: PackNID
    private var body: [UInt8] = []
    private var ends: [Int] = []

    init(pack: PackNID) {
        self.pack = pack
    }

    /// A node that was added.
    struct Written {
        let slot: UInt16
        let hash: StateHash
        let newest: EventNID
    }

    /// Adds a leaf. Its hash covers exactly its bytes.
    mutating func append(leaf entries: [StateEntry]) throws(StateTreeError) -> Written {
        var node: [UInt8] = [StatePack.leafKind]
        node.append(number: UInt64(entries.count))
        for entry in entries {
            node.append(number: UInt64(bitPattern: entry.key.rawValue))
            node.append(number: UInt64(bitPattern: entry.event.rawValue))
        }
        let newest = entries.lazy.map(\.event).max() ?? EventNID(.max)
        return Written(slot: try append(node), hash: StateHash(of: node), newest: newest)
    }

    /// Adds a branch. Its hash covers what is below it, not where that is stored.
    mutating func append(branch: StateBranch) throws(StateTreeError) -> Written {
        let newest = branch.newest
        let layout = StateReferenceLayout(of: branch.children, newest: newest)
        var content: [UInt8] = [StatePack.unboundedBranchKind]
        var node: [UInt8] = [StatePack.branchKind]
        content.reserveCapacity(16 + branch.children.count * 8)
        node.reserveCapacity(32 + branch.children.count * layout.size)
        content.append(littleEndian: branch.bitmap)
        node.append(littleEndian: branch.bitmap)
        content.append(number: UInt64(branch.count))
        node.append(number: UInt64(branch.count))
        node.append(number: UInt64(bitPattern: newest.rawValue))
        node.append(layout.encoded)
        for child in branch.children {
            node.append(littleEndian: UInt64(bitPattern: child.pack.rawValue), width: layout.packWidth)
            node.append(littleEndian: child.slot)
            node.append(littleEndian: child.contentHash)
            node.append(littleEndian: child.age(below: newest), width: layout.ageWidth)
            content.append(littleEndian: child.contentHash)
        }
        return Written(slot: try append(node), hash: StateHash(of: content), newest: newest)
    }

    private mutating func append(_ node: [UInt8]) throws(StateTreeError) -> UInt16 {
        guard ends.count < StatePack.maximumNodes, body.count + node.count < StatePack.maximumBytes / 2 else {
            throw .packTooLarge
        }
        body += node
        ends.append(body.count)
        return UInt16(ends.count - 1)
    }

    func finished() -> StatePack {
        var bytes: [UInt8] = [StatePack.format]
        bytes.append(number: UInt64(ends.count))
        var start = 0
        for end in ends {
            bytes.append(number: UInt64(end - start))
            start = end
        }
        let base = bytes.count
        bytes += body
        return StatePack(trusted: bytes, offsets: [UInt32(base)] + ends.map { UInt32(base + $0) })
    }
}
