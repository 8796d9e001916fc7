import Cluster
package import MatrixCore
import Rooms
package import Storage

/// One answer while it is made: who asks, from where to where, and what they want of it.
///
/// Every step has it and none changes it; so it is one object.
final class SyncContext: Sendable {
    let view: UserView
    let deviceID: String?
    /// What the client has seen; `nil` in a first sync.
    let since: SyncToken?
    let filter: SyncFilter
    let fullState: Bool
    let usesStateAfter: Bool
    let ignored: Set<UserID>
    /// What the device knows of members already.
    let known: KnownMembers
    let now: Int64
    /// The token of this answer.
    let nextBatch: String
    /// What waits for the device.
    let inbox: InboxPage

    init(
        _ request: SyncRequest, view: UserView, since: SyncToken?, filter: SyncFilter, ignored: Set<UserID>,
        known: KnownMembers, inbox: InboxPage, now: Int64, nextBatch: String
    ) {
        self.view = view
        deviceID = request.deviceID
        self.since = since
        self.filter = filter
        fullState = request.fullState
        usesStateAfter = request.usesStateAfter
        self.ignored = ignored
        self.known = known
        self.now = now
        self.nextBatch = nextBatch
        self.inbox = inbox
    }

    var user: UserRecord { view.user }
    var loadsMembersLazily: Bool { filter.state.lazyLoadsMembers }

    func position(in shard: Int16) -> Int64 { view.heads[shard] }
}

/// A room that goes into an answer, before it is read.
struct RoomTask: Sendable {
    let room: RoomRecord
    let standing: RoomStanding
    /// Up to where the client knows the room; `nil` when it knows nothing of it.
    let knownUpTo: Int64?
    /// Up to where it may know it: now, or when the user left.
    let upTo: Int64
    /// What happened since; `nil` when that is not known.
    let change: ChangeSet.Room?
    /// Up to where the client knew the room before the user left it and came back, if it loads members lazily: it still has those
    /// that it knew.
    var seenBefore: Int64?
    /// The event by which the user's last stay ended, of a room that the user is not in any more: state is told up to it.
    var departure: RoomEvent?
    /// What happened to the user's membership after the last stay, or without any, such as a ban after leaving; oldest first. It
    /// is told, and nothing else of that time.
    var afterwards: [RoomEvent] = []

    /// Of a room that is told from the start: what is remembered of it.
    var start: RoomStart?

    var isJoined: Bool { departure == nil && afterwards.isEmpty && standing.membership == .join }
    /// Whether nothing is told but the user's own membership.
    var isOutside: Bool { departure == nil && !afterwards.isEmpty }
}

/// Where a room stands when it is told from the start.
struct RoomStart: Sendable {
    let state: StateRoot
    let newest: KnownEvents
    /// Whether this worker knew it before it was asked: then it has told the room's events and state too, not long ago.
    let isRemembered: Bool
}

/// A room as it goes into an answer.
package struct RoomUpdate: Sendable {
    package let roomID: RoomID
    package internal(set) var timeline: [[UInt8]] = []
    package internal(set) var isLimited = false
    package internal(set) var prevBatch: String?
    package internal(set) var state: [[UInt8]] = []
    package internal(set) var ephemeral: [[UInt8]] = []
    /// Sticky events that the timeline leaves out.
    package internal(set) var sticky: [[UInt8]] = []
    package internal(set) var accountData: [[UInt8]] = []
    package internal(set) var summary: RoomSummary?
    package internal(set) var unread: UnreadCounts?
    /// Whether the client is told the room from the start, so that it counts even when there is nothing in it.
    var isNew = false
    /// Whether the user's own receipts moved, so that what is unread has changed.
    var hasOwnReceipts = false
    /// Member events that the client will know after this.
    var members: [EventNID] = []

    init(roomID: RoomID) { self.roomID = roomID }

    var isEmpty: Bool {
        timeline.isEmpty && state.isEmpty && ephemeral.isEmpty && sticky.isEmpty && accountData.isEmpty && !isNew
            && !hasOwnReceipts
            && !isLimited
    }
}
