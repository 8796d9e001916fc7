import MatrixCore
package import Storage

/// What a writer tells the other workers after its commit: the new row of the log, and the shard's position before it.
///
/// It saves a query and nothing rests on it: a row that is too large for a hint, or of a kind that the reader does not know
/// (workers of two releases run side by side), comes without its content and is read from the database.
///
/// On the wire: a version byte, then LEB128 numbers; absent numbers are 0.
package struct LogHint: Equatable, Sendable {
    package static let maxBytes = 8192
    private static let format: UInt8 = 1
    private static let noContent: Int64 = 0
    /// No identifier is longer.
    private static let maxIdentifierBytes: Int64 = 255

    package let shard: Int16
    package let position: Int64
    /// The shard's newest position before: whoever has seen it misses nothing when it applies the row.
    package let previous: Int64
    /// `nil` when the row has to be read.
    package let row: LogRow?

    package init(_ row: LogRow, previous: Int64) {
        shard = row.shard
        position = row.position
        self.previous = previous
        self.row = row
    }

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [Self.format]
        for number in [Int64(shard), position, previous] { VariableLengthNumber.append(number, to: &bytes) }
        let headerLength = bytes.count
        // Each number takes a byte at least, so a row of a great join is not even begun.
        if let row, row.eventNIDs.count + row.memberNIDs.count < Self.maxBytes {
            Self.append(row, to: &bytes)
            if bytes.count <= Self.maxBytes { return bytes }
            bytes.removeSubrange(headerLength...)
        }
        VariableLengthNumber.append(Self.noContent, to: &bytes)
        return bytes
    }

    private static func append(_ row: LogRow, to bytes: inout [UInt8]) {
        VariableLengthNumber.append(Int64(row.kind.rawValue), to: &bytes)
        VariableLengthNumber.append(max(row.writtenAt, 0), to: &bytes)
        VariableLengthNumber.append(row.roomNID?.rawValue ?? 0, to: &bytes)
        VariableLengthNumber.append(row.userNID?.rawValue ?? 0, to: &bytes)
        VariableLengthNumber.append(Int64(row.eventNIDs.count), to: &bytes)
        for event in row.eventNIDs { VariableLengthNumber.append(event.rawValue, to: &bytes) }
        VariableLengthNumber.append(Int64(row.memberNIDs.count), to: &bytes)
        for member in row.memberNIDs { VariableLengthNumber.append(member.rawValue, to: &bytes) }
        VariableLengthNumber.append(Int64(row.redacted.count), to: &bytes)
        for event in row.redacted {
            VariableLengthNumber.append(Int64(event.description.utf8.count), to: &bytes)
            bytes.append(contentsOf: event.description.utf8)
        }
        // None, or one when the state stayed as it was, or both.
        let states = row.state.map { $0.before == $0.after ? [$0.after] : [$0.before, $0.after] } ?? []
        VariableLengthNumber.append(Int64(states.count), to: &bytes)
        for state in states { bytes.append(contentsOf: state.encoded()) }
    }

    /// Reads a hint that came over the wire; `nil` when it is none of ours.
    package init?(_ bytes: [UInt8], shards: Int) {
        guard bytes.count <= Self.maxBytes, bytes.first == Self.format else { return nil }
        var rest = bytes[1...]
        guard let shard = VariableLengthNumber.next(&rest), shard < shards,
            let position = VariableLengthNumber.next(&rest),
            let previous = VariableLengthNumber.next(&rest), previous < position
        else { return nil }
        self.shard = Int16(truncatingIfNeeded: shard)
        self.position = position
        self.previous = previous
        guard let number = VariableLengthNumber.next(&rest) else { return nil }
        guard number != Self.noContent, let kind = Int16(exactly: number).flatMap(LogKind.init) else {
            row = nil
            return
        }
        guard let row = Self.row(&rest, shard: self.shard, position: position, kind: kind), rest.isEmpty else {
            return nil
        }
        self.row = row
    }

    private static func row(
        _ rest: inout ArraySlice<UInt8>, shard: Int16, position: Int64, kind: LogKind
    ) -> LogRow? {
        guard let writtenAt = VariableLengthNumber.next(&rest), let room = VariableLengthNumber.next(&rest),
            let user = VariableLengthNumber.next(&rest),
            let events = numbers(&rest), let members = numbers(&rest),
            let redactions = VariableLengthNumber.next(&rest),
            redactions <= rest.count
        else { return nil }
        var redacted: [EventID] = []
        for _ in 0..<redactions {
            guard let length = VariableLengthNumber.next(&rest), length <= maxIdentifierBytes, rest.count >= length,
                let text = String(validating: rest.prefix(Int(length)), as: UTF8.self), let event = EventID(text)
            else { return nil }
            redacted.append(event)
            rest = rest.dropFirst(Int(length))
        }
        guard let states = states(&rest) else { return nil }
        return LogRow(
            shard: shard, position: position, kind: kind, roomNID: room > 0 ? RoomNID(room) : nil,
            userNID: user > 0 ? UserNID(user) : nil, eventNIDs: events.map { EventNID($0) },
            memberNIDs: members.map { UserNID($0) }, redacted: redacted,
            state: states.last.map { LogStateChange(before: states[0], after: $0) }, writtenAt: writtenAt)
    }

    private static func states(_ rest: inout ArraySlice<UInt8>) -> [StateRoot]? {
        guard let count = VariableLengthNumber.next(&rest), count <= 2 else { return nil }
        var states: [StateRoot] = []
        for _ in 0..<count {
            guard rest.count >= StateRoot.encodedSize,
                let state = try? StateRoot(encoded: Array(rest.prefix(StateRoot.encodedSize)))
            else { return nil }
            states.append(state)
            rest = rest.dropFirst(StateRoot.encodedSize)
        }
        return states
    }

    private static func numbers(_ rest: inout ArraySlice<UInt8>) -> [Int64]? {
        // Each takes a byte at least: so a count beyond the bytes reserves no memory.
        guard let count = VariableLengthNumber.next(&rest), count <= rest.count else { return nil }
        var numbers: [Int64] = []
        numbers.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let number = VariableLengthNumber.next(&rest) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
