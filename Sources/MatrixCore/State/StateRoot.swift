/// Names one state of one room: where the root of its tree is stored, and a hash of what is in it.
///
/// Two roots are equal when they have the same content, wherever their nodes are stored. Only roots of the same room may
/// be compared.
package struct StateRoot: Hashable, Sendable, CustomStringConvertible {
    /// The size of ``encoded()`` in bytes.
    package static let encodedSize = 31
    private static let format: UInt8 = 1

    /// The state of a room before its first event.
    package static let empty = StateRoot(pack: PackNID(0), slot: 0, hash: StateHash(high: 0, low: 0), count: 0)

    package let pack: PackNID
    let slot: UInt16
    let hash: StateHash
    /// The number of entries.
    package let count: Int

    init(pack: PackNID, slot: UInt16, hash: StateHash, count: Int) {
        self.pack = pack
        self.slot = slot
        self.hash = hash
        self.count = count
    }

    package var isEmpty: Bool { count == 0 }

    var reference: StateNodeReference {
        StateNodeReference(pack: pack, slot: slot, contentHash: hash.high, newest: EventNID(.max))
    }

    package static func == (left: StateRoot, right: StateRoot) -> Bool {
        left.hash == right.hash && left.count == right.count
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(hash)
    }

    package var description: String { "state(\(count) entries, \(String(hash.high, radix: 16)), pack \(pack))" }

    /// The root as the database keeps it, ``encodedSize`` bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [Self.format]
        bytes.reserveCapacity(Self.encodedSize)
        bytes.append(littleEndian: UInt64(bitPattern: pack.rawValue))
        bytes.append(littleEndian: slot)
        bytes.append(littleEndian: UInt32(clamping: count))
        bytes.append(littleEndian: hash.high)
        bytes.append(littleEndian: hash.low)
        return bytes
    }

    /// Reads what ``encoded()`` wrote.
    package init(encoded bytes: [UInt8]) throws(StateTreeError) {
        guard bytes.count == Self.encodedSize, bytes[0] == Self.format else { throw .malformedRoot }
        pack = PackNID(Int64(bitPattern: bytes.littleEndian(at: 1)))
        slot = bytes.littleEndian(at: 9)
        count = Int(bytes.littleEndian(at: 11, as: UInt32.self))
        hash = StateHash(high: bytes.littleEndian(at: 15), low: bytes.littleEndian(at: 23))
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer, lowest first.
    mutating func append<Integer: FixedWidthInteger>(littleEndian value: Integer) {
        var rest = value
        for _ in 0..<(Integer.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// Appends the lowest bytes of an integer, lowest first.
    mutating func append(littleEndian value: UInt64, width: Int) {
        for index in 0..<width { append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
    }

    /// Reads an integer, lowest byte first. The caller has checked that it lies within the array.
    func littleEndian<Integer: FixedWidthInteger>(at offset: Int, as: Integer.Type = Integer.self) -> Integer {
        Integer(truncatingIfNeeded: littleEndian(at: offset, width: Integer.bitWidth / 8))
    }

    /// Reads up to 8 bytes as an integer, lowest byte first. The caller has checked that they lie within the array.
    func littleEndian(at offset: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        var index = offset + width
        while index > offset {
            index -= 1
            value = value << 8 | UInt64(self[index])
        }
        return value
    }
}
