package import MatrixCore

/// One batch of events for a room, computed outside of the database, to be written if the head is still the same.
package struct RoomAppend: Sendable {
    package var room: RoomRecord
    /// The head's version that everything was computed against; 0 for a room without one.
    package var expectedVersion: Int64
    package var extremities: [EventNID]
    package var state: StateRoot
    package var events: [NewEvent] = []
    package var packs: [(nid: PackNID, body: [UInt8])] = []
    package var memberships: [MembershipChange] = []
    /// Redactions that take effect: the redacted event's id, and the number of the event that redacts it.
    package var redactions: [(eventID: EventID, by: EventNID)] = []
    /// Previous events that we do not have.
    package var missing: [(eventID: EventID, child: EventNID)] = []
    package var notifications: [NotificationException] = []

    package init(room: RoomRecord, expectedVersion: Int64, extremities: [EventNID], state: StateRoot) {
        self.room = room
        self.expectedVersion = expectedVersion
        self.extremities = extremities
        self.state = state
    }
}

/// An event to be written.
package struct NewEvent: Sendable {
    package var nid: EventNID
    package var eventID: EventID
    /// Whether it goes into the live timeline; state that came with a join does not.
    package var isLive: Bool
    package var depth: Int64
    package var senderNID: UserNID
    package var type: String
    package var stateKeyNID: StateKeyNID?
    package var flags: EventFlags
    package var originServerTS: Int64
    package var stateBefore: StateRoot?
    package var authEvents: [EventNID]
    package var body: [UInt8]
    package var transaction: EventTransaction?
    package var relation: EventRelation?
    /// The root of the thread that it is in: by itself, or because it relates to something in the thread.
    package var threadRoot: EventID? {
        didSet { if threadRoot != nil { flags.insert(.inThread) } }
    }

    package init(
        nid: EventNID, event: Event, isLive: Bool, senderNID: UserNID, stateKeyNID: StateKeyNID?, flags: EventFlags,
        stateBefore: StateRoot?, authEvents: [EventNID], transaction: EventTransaction? = nil
    ) {
        self.nid = nid
        self.eventID = event.eventID
        self.isLive = isLive
        self.depth = event.depth
        self.senderNID = senderNID
        self.type = event.type
        self.stateKeyNID = stateKeyNID
        let relation = event.relation
        var flags = flags
        if relation?.type == RelationType.thread { flags.insert(.inThread) }
        if event.stickyMilliseconds != nil { flags.insert(.sticky) }
        self.flags = flags
        self.originServerTS = event.originServerTS
        self.stateBefore = stateBefore
        self.authEvents = authEvents
        self.body = event.bytes
        self.transaction = transaction
        self.relation = relation
        threadRoot = relation?.type == RelationType.thread ? relation?.parent : nil
    }
}

/// A change of a user's membership by an event of the room.
package struct MembershipChange: Sendable {
    package let userNID: UserNID
    package let serverNID: ServerNID
    package let membership: Membership
    package let eventNID: EventNID

    package init(userNID: UserNID, serverNID: ServerNID, membership: Membership, eventNID: EventNID) {
        self.userNID = userNID
        self.serverNID = serverNID
        self.membership = membership
        self.eventNID = eventNID
    }
}

/// Where a user's push rules say something else of an event than the default rules do.
package struct NotificationException: Sendable {
    package let userNID: UserNID
    package let eventNID: EventNID
    package let notifies: Bool
    package let highlights: Bool

    package init(userNID: UserNID, eventNID: EventNID, notifies: Bool, highlights: Bool) {
        self.userNID = userNID
        self.eventNID = eventNID
        self.notifies = notifies
        self.highlights = highlights
    }

    /// Bit 1 notifies, bit 2 highlights.
    var actions: Int16 { (notifies ? 1 : 0) | (highlights ? 2 : 0) }
}

/// What became of an append.
package enum RoomAppendOutcome: Sendable {
    /// Written at `position` of the room's shard; `previous` was the shard's newest position before.
    case written(position: Int64, previous: Int64)
    /// Another append was first, and nothing was written.
    case conflict
}
