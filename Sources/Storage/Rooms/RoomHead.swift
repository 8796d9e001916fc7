package import MatrixCore

/// The head of a room: what the next append must build on, and is compared with.
package struct RoomHead: Sendable, Equatable {
    /// Counts the appends of the room; 0 when there was none.
    package let version: Int64
    package let extremities: [EventNID]
    package let state: StateRoot
    /// Where it stands in the log of the room's shard.
    package let position: Int64

    package init(version: Int64, extremities: [EventNID], state: StateRoot, position: Int64) {
        self.version = version
        self.extremities = extremities
        self.state = state
        self.position = position
    }
}

/// A room as the database knows it. It never changes.
package struct RoomRecord: Sendable, Hashable {
    package let nid: RoomNID
    package let roomID: RoomID
    package let shard: Int16
    package let version: String

    package init(nid: RoomNID, roomID: RoomID, shard: Int16, version: String) {
        self.nid = nid
        self.roomID = roomID
        self.shard = shard
        self.version = version
    }
}

extension Membership {
    /// The value in the database.
    package var code: Int16 {
        switch self {
        case .join: 1
        case .invite: 2
        case .knock: 3
        case .leave: 4
        case .ban: 5
        }
    }

    init?(code: Int16) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}
