package import MatrixCore

/// What a row of the log says has changed.
package enum LogKind: Int16, Sendable, CaseIterable {
    /// What a newer release writes and this one does not know: it has its place in the order. Never written.
    case other = 0
    /// Events of a room; the row is the room's head while it is its newest.
    case roomEvents = 1
    /// Receipts in a room.
    case receipts = 2
    /// Account data of a user: global, or of one room.
    case accountData = 3
    /// Messages to a user's devices.
    case toDevice = 4
    /// Device lists and keys. With members: only what their user says of the keys of these.
    case deviceLists = 5
    /// A user's membership, changed outside of the room's own events: an invite to a room that we are not in, forgetting.
    case membership = 6
    /// A user's push rules.
    case pushRules = 7
    /// A user's access: tokens ended, devices deleted, the account deactivated. Caches of tokens let go of the user.
    case access = 8
    /// A private receipt or a read marker of a user in a room: nobody else's business.
    case privateReceipts = 9
    /// A user's subscription to a thread of a room.
    case threadSubscriptions = 10
    /// A local user's display name or avatar, which the member events of their rooms are to show.
    case profile = 11
    /// Messages to other servers that have to arrive. The row belongs to the shard of whoever sends them, and names nobody.
    case outgoingEDUs = 12
    /// How many one-time keys of a user's devices are left, and which fallback keys: nobody else's business.
    case keyCounts = 13

    /// Whether every member of the row's room is shown what changed.
    package var concernsMembers: Bool { self == .roomEvents || self == .receipts }
}

/// One row of the log, without the head's details.
package struct LogRow: Sendable, Equatable {
    package let shard: Int16
    package let position: Int64
    package let kind: LogKind
    package let roomNID: RoomNID?
    package let userNID: UserNID?
    /// The events that entered the live timeline.
    package let eventNIDs: [EventNID]
    /// The users whose membership changed; in a row of device lists those whose keys the user signed.
    package let memberNIDs: [UserNID]
    /// The events that were redacted: what was cached of them is no longer what is served.
    package let redacted: [EventID]
    /// The room's state before and after events; `nil` when it has to be looked up.
    package let state: LogStateChange?
    /// When a row of events was written, in milliseconds since 1970, by the clock of its worker; 0 when that is not told.
    package let writtenAt: Int64

    package init(
        shard: Int16, position: Int64, kind: LogKind, roomNID: RoomNID? = nil, userNID: UserNID? = nil,
        eventNIDs: [EventNID] = [], memberNIDs: [UserNID] = [], redacted: [EventID] = [], state: LogStateChange? = nil,
        writtenAt: Int64 = 0
    ) {
        self.shard = shard
        self.position = position
        self.kind = kind
        self.roomNID = roomNID
        self.userNID = userNID
        self.eventNIDs = eventNIDs
        self.memberNIDs = memberNIDs
        self.redacted = redacted
        self.state = state
        self.writtenAt = writtenAt
    }
}

/// What a row of events made of its room's state; most rows leave it as it is.
package struct LogStateChange: Sendable, Equatable {
    package let before: StateRoot
    package let after: StateRoot

    package init(before: StateRoot, after: StateRoot) {
        self.before = before
        self.after = after
    }
}

extension LogRow {
    /// Whether others are to know that the user's devices or keys changed; what a user signs is nobody else's business.
    package var tellsOfDevices: Bool { kind == .deviceLists && memberNIDs.isEmpty }

    /// The users whose membership in the row's room has to be read again.
    package var membersChanged: [UserNID] {
        if kind == .membership, let userNID { return [userNID] }
        return kind == .deviceLists ? [] : memberNIDs
    }
}
