import MatrixCore

/// Where a search goes on: after which hit, and of which group alone.
///
/// A token is not signed. Whatever it says, only what its bearer may see is found.
///
/// On the wire: url-safe base64 of a format byte, two kinds, and five numbers in network order.
struct SearchToken: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case rank(Double)
        /// Milliseconds since 1970.
        case time(Int64)
    }

    enum Scope: Hashable, Sendable {
        case all
        case room(RoomNID)
        case sender(UserNID)
    }

    static let maxLength = 128
    private static let format: UInt8 = 1
    private static let length = 3 + 4 * 8

    let place: Place
    let event: EventNID
    let scope: Scope
    /// What was counted before.
    let count: Int64

    init(place: Place, event: EventNID, scope: Scope, count: Int64) {
        self.place = place
        self.event = event
        self.scope = scope
        self.count = count
    }

    var encoded: String {
        var bytes: [UInt8] = [Self.format]
        var numbers: [UInt64] = [UInt64(bitPattern: event.rawValue), UInt64(bitPattern: count)]
        switch place {
        case .rank(let rank):
            bytes.append(0)
            numbers.append(rank.bitPattern)
        case .time(let time):
            bytes.append(1)
            numbers.append(UInt64(bitPattern: time))
        }
        switch scope {
        case .all:
            bytes.append(0)
            numbers.append(0)
        case .room(let room):
            bytes.append(1)
            numbers.append(UInt64(bitPattern: room.rawValue))
        case .sender(let sender):
            bytes.append(2)
            numbers.append(UInt64(bitPattern: sender.rawValue))
        }
        for number in numbers { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
        return Base64.encodeURLSafe(bytes)
    }

    /// `nil` when it is none of ours.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maxLength, let bytes = Base64.decode(text), bytes.count == Self.length,
            bytes[0] == Self.format
        else { return nil }
        let numbers = stride(from: 3, to: Self.length, by: 8).map { start in
            bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        event = EventNID(Int64(bitPattern: numbers[0]))
        count = min(max(Int64(bitPattern: numbers[1]), 0), Int64(Int32.max))
        switch bytes[1] {
        case 0:
            let rank = Double(bitPattern: numbers[2])
            guard rank.isFinite else { return nil }
            place = .rank(rank)
        case 1: place = .time(Int64(bitPattern: numbers[2]))
        default: return nil
        }
        switch bytes[2] {
        case 0: scope = .all
        case 1: scope = .room(RoomNID(Int64(bitPattern: numbers[3])))
        case 2: scope = .sender(UserNID(Int64(bitPattern: numbers[3])))
        default: return nil
        }
    }
}
