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

    mutating func reference() throws(StateTreeError) -> StateNodeReference {
        let start = position
        try skip(StateNodeReference.encodedSize)
        return StateNodeReference(
            pack: PackNID(Int64(bitPattern: bytes.littleEndian(at: start))),
            slot: bytes.littleEndian(at: start + 8), contentHash: bytes.littleEndian(at: start + 10))
    }
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
