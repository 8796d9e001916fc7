import Cluster
package import MatrixCore
import Rooms
package import Storage

/// A room as it goes into an answer.
package struct SlidingRoom: Sendable {
    /// Somebody after whom a room without a name is shown.
    package struct Hero: Sendable, Hashable {
        package let userID: UserID
        package let displayName: String?
        package let avatar: String?
    }

    /// Something that a room may have, and that may have been taken away since.
    package enum Change: Sendable, Hashable {
        case unchanged
        case none
        case value(String)
    }

    package let roomID: RoomID
    package internal(set) var membership: Membership
    /// The lists that have the room in their windows.
    package internal(set) var lists: [String] = []
    /// The client replaces all that it knows of the room.
    package internal(set) var isInitial = false
    package internal(set) var isExpanded = false
    package internal(set) var name = Change.unchanged
    package internal(set) var avatar = Change.unchanged
    package internal(set) var heroes: [Hero]?
    package internal(set) var isDirect: Bool?
    package internal(set) var requiredState: [[UInt8]]?
    /// State that the room has no more.
    package internal(set) var removedState: [StateKey] = []
    package internal(set) var timeline: [[UInt8]]?
    package internal(set) var isLimited: Bool?
    package internal(set) var live: Int?
    package internal(set) var prevBatch: String?
    package internal(set) var members: (joined: Int, invited: Int)?
    package internal(set) var bumpStamp: Int64?
    package internal(set) var strippedState: [[UInt8]]?
    package internal(set) var unread: UnreadCount?

    /// The events of the timeline.
    var eventIDs: [EventID] = []

    init(roomID: RoomID, membership: Membership) {
        self.roomID = roomID
        self.membership = membership
    }

    /// Whether there is nothing in it that a client does not know.
    var isEmpty: Bool {
        !isInitial && !isExpanded && name == .unchanged && avatar == .unchanged && heroes == nil && isDirect == nil
            && (requiredState?.isEmpty ?? true) && removedState.isEmpty && (timeline?.isEmpty ?? true)
            && isLimited != true && members == nil && bumpStamp == nil && strippedState == nil && unread == nil
    }
}

/// A room while it is read.
struct SlidingReading: Sendable {
    let room: RoomRecord
    var viewer: Viewer
    var result: SlidingRoom
    /// What the client knows of the room after this.
    var told: ToldRoom
    var timeline: [RoomEvent] = []
    var state: [RoomEvent] = []
    /// Whether the newest event that counts as activity has to be looked for.
    var needsBump = false
    /// The rows of the log that brought the timeline, where they are in memory.
    var rows: [LogRow] = []

    /// Takes note of the members that are told.
    mutating func learnMembers() {
        told.learn(state.filter { $0.event.type == EventType.member }.map(\.nid))
    }
}
