package import MatrixCore
import Storage

/// Keys that somebody wants to back up, each of them checked.
package struct KeyBackupBatch: Sendable {
    /// Keys that one request may back up.
    package static let maxKeys = 10_000
    /// The longest data of a session as it is written, in bytes. What clients write today has less than a thousand.
    package static let maxSessionDataBytes = 32_768
    /// The longest ids of rooms and sessions, in bytes.
    private static let maxIdentifierBytes = 255

    private(set) var keys: [BackedUpKey] = []

    package init() {}

    /// What a client knows of the session of a key besides its secret.
    package struct Facts: Sendable {
        let isVerified: Bool
        let firstMessageIndex: Int64
        let forwardedCount: Int64

        package init(isVerified: Bool, firstMessageIndex: Int64, forwardedCount: Int64) {
            self.isVerified = isVerified
            self.firstMessageIndex = firstMessageIndex
            self.forwardedCount = forwardedCount
        }
    }

    /// Adds the key of a session of a room. No session may be added twice.
    ///
    /// - Throws: `M_INVALID_PARAM` for ids or numbers that cannot be; `M_TOO_LARGE` for data that is too long, or too many keys.
    package mutating func add(
        room: String, session: String, _ facts: Facts, sessionData: JSONView
    ) throws(MatrixError) {
        guard Self.isRoomID(room) else { throw .invalidParam("A room id is not valid") }
        guard Self.isSessionID(session) else { throw .invalidParam("A session id is not valid") }
        guard facts.firstMessageIndex >= 0, facts.forwardedCount >= 0 else {
            throw .invalidParam("first_message_index and forwarded_count must not be negative")
        }
        let data = sessionData.rawBytes
        guard data.count <= Self.maxSessionDataBytes else { throw MatrixError(.tooLarge, "session_data is too large") }
        guard keys.count < Self.maxKeys else {
            throw MatrixError(.tooLarge, "At most \(Self.maxKeys) keys can be backed up at once")
        }
        keys.append(
            BackedUpKey(
                roomID: room, sessionID: session, isVerified: facts.isVerified,
                firstMessageIndex: facts.firstMessageIndex, forwardedCount: facts.forwardedCount,
                sessionData: Array(data)))
    }

    /// Nobody shall lose keys because of how a room was called once, so this asks for less than `RoomID` does.
    private static func isRoomID(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "!") && isStorable(text) }

    private static func isSessionID(_ text: String) -> Bool { !text.isEmpty && isStorable(text) }

    private static func isStorable(_ text: String) -> Bool {
        text.utf8.count <= maxIdentifierBytes && text.utf8.allSatisfy { $0 >= 0x20 }
    }
}

extension BackedUpKey {
    /// Writes the object that the specification has for a key.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("first_message_index", firstMessageIndex)
            json.field("forwarded_count", forwardedCount)
            json.field("is_verified", isVerified)
            json.field("session_data", raw: sessionData)
        }
    }
}
