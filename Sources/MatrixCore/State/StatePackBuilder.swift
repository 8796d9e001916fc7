/// Collects the new nodes of one update, children before their parents.
struct StatePackBuilder {
    let pack: PackNID
    private var body: [UInt8] = []
    private var ends: [Int] = []

    init(pack: PackNID) {
        self.pack = pack
    }

    /// Adds a leaf. Its hash covers exactly its bytes.
    mutating func append(leaf entries: [StateEntry]) throws(StateTreeError) -> (UInt16, StateHash) {
        var node: [UInt8] = [StatePack.leafKind]
        node.append(number: UInt64(entries.count))
        for entry in entries {
            node.append(number: UInt64(bitPattern: entry.key.rawValue))
            node.append(number: UInt64(bitPattern: entry.event.rawValue))
        }
        return (try append(node), StateHash(of: node))
    }

    /// Adds a branch. Its hash covers what is below it, not where that is stored.
    mutating func append(branch: StateBranch) throws(StateTreeError) -> (UInt16, StateHash) {
        var node: [UInt8] = [StatePack.branchKind]
        node.append(littleEndian: branch.bitmap)
        node.append(number: UInt64(branch.count))
        var content = node
        for child in branch.children {
            node.append(littleEndian: UInt64(bitPattern: child.pack.rawValue))
            node.append(littleEndian: child.slot)
            node.append(littleEndian: child.contentHash)
            content.append(littleEndian: child.contentHash)
        }
        return (try append(node), StateHash(of: content))
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
