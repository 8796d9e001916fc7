package import MatrixCore

/// Messages to devices that are stored together: all of them or none.
package struct DeviceMessageBatch: Sendable {
    /// Rows that one batch makes at most: devices that get something. `*` may stand for many.
    package static let maxRows: Int64 = 10_000
    /// Bytes of all these rows.
    package static let maxBytes: Int64 = 32 << 20
    /// With more entries the statements that do everything at once are the cheaper ones.
    private static let maxPlainEntries = 200

    /// For one device of a local user, or for all that the same source does not name.
    package struct Entry: Sendable {
        package let user: UserRecord
        /// `nil` for all.
        package let deviceID: String?
        /// The event as the device gets it.
        package let body: [UInt8]
        let source: Int32
    }

    /// An EDU for another server.
    package struct Outgoing: Sendable {
        package let server: ServerName
        package let edu: [UInt8]
        let source: Int32
    }

    /// By what each source is known: what was stored once is not stored again.
    private(set) var digests: [[UInt8]] = []
    package private(set) var entries: [Entry] = []
    package private(set) var outgoing: [Outgoing] = []
    /// The shard of whoever sends what is outgoing.
    let senderShard: Int16

    package init(senderShard: Int16 = 0) { self.senderShard = senderShard }

    package var isEmpty: Bool { digests.isEmpty }

    /// Some messages of one source for devices of local users that it names: nearly all batches are so.
    var isPlain: Bool {
        digests.count == 1 && outgoing.isEmpty && entries.count <= Self.maxPlainEntries
            && entries.allSatisfy { $0.deviceID != nil }
            && entries.reduce(0) { $0 + Int64($1.body.count) } <= Self.maxBytes
    }

    /// What is for one user stands together, in the order of the shards, each user's in its own order.
    var entriesByUser: [Entry] {
        entries.sorted { ($0.user.shard, $0.user.nid.rawValue) < ($1.user.shard, $1.user.nid.rawValue) }
    }

    /// All shards of which rows may be written, ascending.
    var shards: [Int16] {
        var shards = Set(entries.map(\.user.shard))
        if !outgoing.isEmpty { shards.insert(senderShard) }
        return shards.sorted()
    }

    /// Begins with what comes from another source: what is added from now on is stored if that was not stored before.
    ///
    /// - Returns: false for a source that is in the batch already: then nothing may be added.
    package mutating func begin(_ digest: [UInt8]) -> Bool {
        guard !digests.contains(digest) else { return false }
        digests.append(digest)
        return true
    }

    package mutating func add(_ body: [UInt8], for user: UserRecord, device: String?) {
        entries.append(Entry(user: user, deviceID: device, body: body, source: Int32(digests.count)))
    }

    package mutating func add(_ edu: [UInt8], for server: ServerName) {
        outgoing.append(Outgoing(server: server, edu: edu, source: Int32(digests.count)))
    }
}

/// Where the log tells of what was stored.
package struct DeviceMessageRow: Sendable, Hashable {
    /// `nil` for what other servers get.
    package let userNID: UserNID?
    package let position: LogPosition
}

/// A page of an inbox.
package struct InboxPage: Sendable {
    package struct Message: Sendable {
        package let place: InboxPlace
        package let body: [UInt8]
    }

    package let messages: [Message]
    /// There is more than finds place.
    package let isCut: Bool

    package init(messages: [Message] = [], isCut: Bool = false) {
        self.messages = messages
        self.isCut = isCut
    }

    package var isEmpty: Bool { messages.isEmpty }
    /// Where the next page begins, if there is one.
    package var rest: InboxPlace? { isCut ? messages.last?.place : nil }
}
