import MatrixCore

/// What workers tell each other about who is typing.
///
/// On the wire: a version byte, eight bytes of room, four of milliseconds (0: stopped), and the user's id.
struct TypingMessage: Equatable, Sendable {
    private static let format: UInt8 = 1
    private static let headerLength = 13
    private static let maxBytes = headerLength + 255

    let roomNID: RoomNID
    let userID: UserID
    /// For how long the user is typing; `nil` when not any more.
    let timeout: Duration?

    var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.format]
        let milliseconds = timeout.map { UInt32(clamping: Int64($0 / .milliseconds(1))) } ?? 0
        withUnsafeBytes(of: roomNID.rawValue.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: milliseconds.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: userID.description.utf8)
        return bytes
    }

    init(roomNID: RoomNID, userID: UserID, timeout: Duration?) {
        self.roomNID = roomNID
        self.userID = userID
        self.timeout = timeout
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.headerLength, bytes.count <= Self.maxBytes, bytes[0] == Self.format,
            let text = String(validating: bytes[Self.headerLength...], as: UTF8.self), let userID = UserID(text)
        else { return nil }
        roomNID = RoomNID(bytes[1..<9].reduce(0) { $0 << 8 | Int64($1) })
        self.userID = userID
        let milliseconds = bytes[9..<13].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        timeout = milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }
}
