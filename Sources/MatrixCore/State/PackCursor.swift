/// Reads a pack's bytes from front to back, never past `end`.
struct PackCursor {
    let bytes: [UInt8]
    private(set) var position: Int
    let end: Int

    init(bytes: [UInt8], position: Int, end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = min(end, bytes.count)
    }

    mutating func byte() throws(StateTreeError) -> UInt8 {
        guard position < end else { throw .malformedPack }
        defer { position += 1 }
        return bytes[position]
    }

    /// An unsigned LEB128 number of at most 64 bits.
    mutating func number() throws(StateTreeError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            // The tenth byte has room for the topmost bit only.
            guard shift < 63 || next <= 1 else { throw .malformedPack }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func skip(_ count: Int) throws(StateTreeError) {
        guard count <= end - position else { throw .malformedPack }
        position += count
    }

    mutating func bitmap() throws(StateTreeError) -> UInt16 {
        let start = position
        try skip(2)
        return bytes.littleEndian(at: start)
    }

    mutating func entry() throws(StateTreeError) -> StateEntry {
        let key = StateKeyNID(Int64(bitPattern: try number()))
        return StateEntry(key: key, event: EventNID(Int64(bitPattern: try number())))
    }

    /// Reads the head of a branch of either kind, behind the byte that tells which.
    mutating func branch(_ kind: UInt8) throws(StateTreeError) -> StateBranchHead {
        let bitmap = try bitmap()
        let count = try number()
        guard kind == StatePack.branchKind else { return StateBranchHead(bitmap: bitmap, count: count) }
        let newest = EventNID(Int64(bitPattern: try number()))
        let widths = try byte()
        guard let layout = StateReferenceLayout(encoded: widths) else { throw .malformedPack }
        return StateBranchHead(bitmap: bitmap, count: count, newest: newest, layout: layout)
    }

    mutating func reference(in branch: StateBranchHead) throws(StateTreeError) -> StateNodeReference {
        let start = position
        let layout = branch.layout
        try skip(layout.size)
        let hash = start + layout.packWidth + 2
        let age = bytes.littleEndian(at: hash + 8, width: layout.ageWidth)
        return StateNodeReference(
            pack: PackNID(Int64(bitPattern: bytes.littleEndian(at: start, width: layout.packWidth))),
            slot: bytes.littleEndian(at: hash - 2), contentHash: bytes.littleEndian(at: hash),
            newest: EventNID(branch.newest.rawValue &- Int64(bitPattern: age)))
    }
}

/// What stands in a pack before the children of a branch.
struct StateBranchHead {
    let bitmap: UInt16
    let count: UInt64
    /// The highest number of an event below; the highest there is where the pack does not say.
    var newest = EventNID(.max)
    var layout = StateReferenceLayout.unbounded
}

/// How many bytes the children of one branch take: as many as the largest of their numbers needs.
struct StateReferenceLayout {
    /// Of branches that do not say how new their events are.
    static let unbounded = StateReferenceLayout(packWidth: 8, ageWidth: 0)

    let packWidth: Int
    /// Of the distance between the newest event of the branch and that of a child.
    let ageWidth: Int

    var size: Int { packWidth + 2 + 8 + ageWidth }
    var encoded: UInt8 { UInt8(packWidth << 4 | ageWidth) }

    init(packWidth: Int, ageWidth: Int) {
        self.packWidth = packWidth
        self.ageWidth = ageWidth
    }

    init(of children: [StateNodeReference], newest: EventNID) {
        var (packs, ages): (UInt64, UInt64) = (0, 0)
        for child in children {
            packs |= UInt64(bitPattern: child.pack.rawValue)
            ages |= child.age(below: newest)
        }
        self.init(packWidth: Self.width(of: packs), ageWidth: Self.width(of: ages))
    }

    init?(encoded: UInt8) {
        self.init(packWidth: Int(encoded >> 4), ageWidth: Int(encoded & 0xF))
        guard packWidth <= 8, ageWidth <= 8 else { return nil }
    }

    private static func width(of number: UInt64) -> Int { (64 - number.leadingZeroBitCount + 7) / 8 }
}

extension StateNodeReference {
    func age(below newest: EventNID) -> UInt64 { UInt64(bitPattern: newest.rawValue &- self.newest.rawValue) }
}

extension [UInt8] {
    /// Appends an unsigned LEB128 number.
    mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
