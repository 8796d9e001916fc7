/// Hints of one commit, as one message: it costs Redis and whoever listens a fraction of what it would one by one.
///
/// On the wire: a version byte of its own, then each hint with its length before it. All workers listen to all shards, so it does
/// not matter by which shard's channel it comes.
extension LogHint {
    private static let packFormat: UInt8 = 2

    /// Messages that together hold all the hints, each message as large as a hint may be at most.
    package static func packed(_ hints: [LogHint]) -> [[UInt8]] {
        guard hints.count > 1 else { return hints.map { $0.encoded() } }
        var packs: [[UInt8]] = []
        var pack = [packFormat]
        for hint in hints {
            let bytes = hint.encoded()
            var entry: [UInt8] = []
            VariableLengthNumber.append(Int64(bytes.count), to: &entry)
            entry += bytes
            if entry.count >= maxBytes {
                packs.append(bytes)
            } else {
                if pack.count + entry.count > maxBytes {
                    packs.append(pack)
                    pack = [packFormat]
                }
                pack += entry
            }
        }
        return pack.count > 1 ? packs + [pack] : packs
    }

    /// The hints of a message. What is malformed ends it: the rows are read then.
    package static func unpacked(_ message: [UInt8], shards: Int) -> [LogHint] {
        guard message.first == packFormat else { return LogHint(message, shards: shards).map { [$0] } ?? [] }
        guard message.count <= maxBytes else { return [] }
        var hints: [LogHint] = []
        var rest = message[1...]
        while !rest.isEmpty {
            guard let length = VariableLengthNumber.next(&rest), length > 0, length <= rest.count,
                let hint = LogHint(Array(rest.prefix(Int(length))), shards: shards)
            else { break }
            hints.append(hint)
            rest = rest.dropFirst(Int(length))
        }
        return hints
    }
}
