import MatrixCore

/// Lists of event numbers as bytes, eight a number, big-endian: Postgres arrays cannot be ragged, and nobody but us reads it.
enum EventNumbers {
    static func encode(_ numbers: [EventNID]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 8)
        for number in numbers { withUnsafeBytes(of: number.rawValue.bigEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> [EventNID] {
        guard bytes.count % 8 == 0 else { throw StorageError.corrupt("events.auth_nids") }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            EventNID(bytes[start..<start + 8].reduce(Int64(0)) { $0 << 8 | Int64($1) })
        }
    }
}
