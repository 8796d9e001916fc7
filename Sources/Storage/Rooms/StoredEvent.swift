package import MatrixCore

/// An event as the database holds it. Everything here is immutable once the event has its place in the graph.
///
/// An object, because it is handed around far more often than it is made.
package final class StoredEvent: Sendable {
    package let nid: EventNID
    package let roomNID: RoomNID
    package let eventID: EventID
    /// Its position in the log of the room's shard; 0 when it is not in the live timeline.
    package let position: Int64
    package let depth: Int64
    package let senderNID: UserNID
    package let type: String
    package let stateKeyNID: StateKeyNID?
    package let flags: EventFlags
    package let originServerTS: Int64
    /// The room's state just before it; `nil` when that is not known.
    package let stateBefore: StateRoot?
    package let authEvents: [EventNID]
    /// Canonical JSON, with signatures and hashes, without `unsigned`.
    package let body: [UInt8]
    /// The device that sent it, and its transaction id, when a local client sent it.
    package let transaction: EventTransaction?
    /// The event that redacted it, once that took effect. The body is still the whole one.
    package let redactedBy: EventNID?

    /// What is stored for an event that has just been written.
    package convenience init(_ new: NewEvent, in room: RoomNID, at position: Int64) {
        self.init(
            nid: new.nid, roomNID: room, eventID: new.eventID, position: new.isLive ? position : 0, depth: new.depth,
            senderNID: new.senderNID, type: new.type, stateKeyNID: new.stateKeyNID, flags: new.flags,
            originServerTS: new.originServerTS, stateBefore: new.stateBefore, authEvents: new.authEvents,
            body: new.body,
            transaction: new.transaction, redactedBy: nil)
    }

    init(
        nid: EventNID, roomNID: RoomNID, eventID: EventID, position: Int64, depth: Int64, senderNID: UserNID,
        type: String,
        stateKeyNID: StateKeyNID?, flags: EventFlags, originServerTS: Int64, stateBefore: StateRoot?,
        authEvents: [EventNID], body: [UInt8], transaction: EventTransaction?, redactedBy: EventNID?
    ) {
        self.nid = nid
        self.roomNID = roomNID
        self.eventID = eventID
        self.position = position
        self.depth = depth
        self.senderNID = senderNID
        self.type = type
        self.stateKeyNID = stateKeyNID
        self.flags = flags
        self.originServerTS = originServerTS
        self.stateBefore = stateBefore
        self.authEvents = authEvents
        self.body = body
        self.transaction = transaction
        self.redactedBy = redactedBy
    }
}

/// Where a locally sent event came from, for idempotent retries and the sender's local echo.
package struct EventTransaction: Hashable, Sendable {
    /// What clients do not write in transaction ids, and event ids do not hold.
    private static let separator: Character = "\u{1F}"

    package let deviceID: String
    package let transactionID: String
    /// The event that a redaction redacts, which its request names: one that names another is another request.
    package let target: EventID?

    package init(deviceID: String, transactionID: String, target: EventID? = nil) {
        self.deviceID = deviceID
        self.transactionID = transactionID
        self.target = target
    }

    /// What tells it apart from the device's other events of a type in a room.
    var key: String { target.map { "\(transactionID)\(Self.separator)\($0)" } ?? transactionID }

    /// - Parameter key: of an event of the type.
    init(deviceID: String, key: String, type: String) {
        guard type == EventType.redaction, let end = key.lastIndex(of: Self.separator) else {
            self.init(deviceID: deviceID, transactionID: key)
            return
        }
        self.init(
            deviceID: deviceID, transactionID: String(key[..<end]),
            target: EventID(String(key[key.index(after: end)...])))
    }
}
