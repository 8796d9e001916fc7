import MatrixCore

/// What workers tell each other about one device of somebody, or about a user of another server as a whole.
struct PresenceEntry: Equatable, Sendable {
    enum Message: Equatable, Sendable {
        case unchanged
        case changed(String?)
    }

    /// A status message, in bytes.
    static let maxMessageBytes = 1024

    let userNID: UserNID
    let userID: UserID
    let device: PresenceDevice
    /// The process that watches over the device, and says when it is gone.
    var owner: UInt64
    var state: PresenceState
    /// Of users of other servers: what their server says of it.
    var isActive = false
    /// Since the user last did something there.
    var idleFor: Duration
    /// For how long this holds unless it is said again; nothing: it holds no more.
    var validFor: Duration
    var message = Message.unchanged
    /// Said for those who have just begun; whoever knows the device knows better.
    var isSnapshot = false
}

/// A device of a user by a hash of its id: two of the same hash would merely be taken for one.
struct PresenceDevice: Hashable, Sendable {
    let rawValue: UInt64

    /// What stands for all devices of a user of another server.
    static let remote = PresenceDevice(rawValue: 0)

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// FNV-1a, which is the same in all processes.
    init(_ id: String?) {
        let hash = (id ?? "").utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        rawValue = max(hash, 1)
    }
}

/// A message between workers about who is there.
///
/// On the wire: a format byte that typing has not, a kind byte; then entries, numbers in network order.
enum PresenceMessage: Equatable, Sendable {
    private static let format: UInt8 = 2
    /// Entries in one message, and in bytes what it is at most.
    static let maxEntries = 64
    private static let maxBytes = maxEntries * (64 + 255 + PresenceEntry.maxMessageBytes)

    private enum Kind {
        static let entries: UInt8 = 0
        static let newcomer: UInt8 = 1
    }

    private enum Flag {
        static let active: UInt8 = 1
        static let messageChanged: UInt8 = 2
        static let hasMessage: UInt8 = 4
        static let snapshot: UInt8 = 8
    }

    case entries([PresenceEntry])
    /// A process that has just begun, and knows of nobody.
    case newcomer

    /// As few messages as hold the entries.
    static func messages(of entries: [PresenceEntry]) -> [PresenceMessage] {
        stride(from: 0, to: entries.count, by: maxEntries).map {
            .entries(Array(entries[$0..<min($0 + maxEntries, entries.count)]))
        }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.format]
        switch self {
        case .newcomer: bytes.append(Kind.newcomer)
        case .entries(let entries):
            bytes.append(Kind.entries)
            for entry in entries { Self.append(entry, to: &bytes) }
        }
        return bytes
    }

    private static func append(_ entry: PresenceEntry, to bytes: inout [UInt8]) {
        append(entry.userNID.rawValue, to: &bytes)
        append(entry.device.rawValue, to: &bytes)
        append(entry.owner, to: &bytes)
        bytes.append(entry.state.rank)
        var flags: UInt8 = (entry.isActive ? Flag.active : 0) | (entry.isSnapshot ? Flag.snapshot : 0)
        var text: [UInt8]?
        if case .changed(let message) = entry.message {
            text = message.map { Array($0.utf8.prefix(PresenceEntry.maxMessageBytes)) }
            flags |= Flag.messageChanged | (text == nil ? 0 : Flag.hasMessage)
        }
        bytes.append(flags)
        append(UInt32(clamping: Int64(entry.idleFor / .milliseconds(1))), to: &bytes)
        append(UInt32(clamping: Int64(entry.validFor / .milliseconds(1))), to: &bytes)
        let name = Array(entry.userID.description.utf8)
        bytes.append(UInt8(clamping: name.count))
        bytes.append(contentsOf: name)
        guard let text else { return }
        append(UInt16(clamping: text.count), to: &bytes)
        bytes.append(contentsOf: text)
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// `nil` when it is none of ours.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2, bytes.count <= Self.maxBytes, bytes[0] == Self.format else { return nil }
        var rest = bytes[2...]
        switch bytes[1] {
        case Kind.newcomer: self = .newcomer
        case Kind.entries:
            var entries: [PresenceEntry] = []
            while !rest.isEmpty {
                guard entries.count < Self.maxEntries, let entry = Self.entry(&rest) else { return nil }
                entries.append(entry)
            }
            self = .entries(entries)
        default: return nil
        }
    }

    private static func entry(_ rest: inout ArraySlice<UInt8>) -> PresenceEntry? {
        guard let user = number(&rest, Int64.self), let device = number(&rest, UInt64.self),
            let owner = number(&rest, UInt64.self), let state = rest.popFirst().flatMap({ PresenceState(rank: $0) }),
            let flags = rest.popFirst(), let idle = number(&rest, UInt32.self),
            let valid = number(&rest, UInt32.self), let length = rest.popFirst(),
            let userID = text(&rest, bytes: Int(length)).flatMap({ UserID($0) })
        else { return nil }
        var message = PresenceEntry.Message.unchanged
        if flags & Flag.messageChanged != 0 {
            message = .changed(nil)
            if flags & Flag.hasMessage != 0 {
                guard let length = number(&rest, UInt16.self), let text = text(&rest, bytes: Int(length)) else {
                    return nil
                }
                message = .changed(text)
            }
        }
        return PresenceEntry(
            userNID: UserNID(user), userID: userID, device: PresenceDevice(rawValue: device), owner: owner,
            state: state, isActive: flags & Flag.active != 0, idleFor: .milliseconds(Int64(idle)),
            validFor: .milliseconds(Int64(valid)), message: message, isSnapshot: flags & Flag.snapshot != 0)
    }

    private static func number<Number: FixedWidthInteger>(
        _ rest: inout ArraySlice<UInt8>, _ type: Number.Type
    ) -> Number? {
        let size = MemoryLayout<Number>.size
        guard rest.count >= size else { return nil }
        defer { rest = rest.dropFirst(size) }
        return Number(truncatingIfNeeded: rest.prefix(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private static func text(_ rest: inout ArraySlice<UInt8>, bytes: Int) -> String? {
        guard rest.count >= bytes else { return nil }
        defer { rest = rest.dropFirst(bytes) }
        return String(validating: rest.prefix(bytes), as: UTF8.self)
    }
}
