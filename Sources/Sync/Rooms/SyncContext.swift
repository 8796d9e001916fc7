import Cluster
package import MatrixCore
import Rooms
import Storage

/// One answer while it is made: who asks, from where to where, and what they want of it.
struct SyncContext: Sendable {
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
    /// The event by which the user left, of a room that it is not in any more.
    var departure: RoomEvent?

    var isJoined: Bool { departure == nil && standing.membership == .join }
}

/// A room as it goes into an answer.
package struct RoomUpdate: Sendable {
    package let roomID: RoomID
    package internal(set) var timeline: [[UInt8]] = []
    package internal(set) var isLimited = false
    package internal(set) var prevBatch: String?
    package internal(set) var state: [[UInt8]] = []
    package internal(set) var ephemeral: [[UInt8]] = []
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
        timeline.isEmpty && state.isEmpty && ephemeral.isEmpty && accountData.isEmpty && !isNew && !hasOwnReceipts
            && !isLimited
    }
}
