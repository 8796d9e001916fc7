package import MatrixCore

/// A server that has not got everything that it should have. Servers that are up to date have no record.
package struct DestinationRecord: Sendable, Hashable {
    package let serverName: ServerName
    /// Everything at or below was sent to it, or is not for it.
    package var behindSince: LogVector
    package var trouble: DestinationTrouble?

    package init(serverName: ServerName, behindSince: LogVector, trouble: DestinationTrouble?) {
        self.serverName = serverName
        self.behindSince = behindSince
        self.trouble = trouble
    }
}

/// That a server could not be reached. Times are milliseconds since 1970.
package struct DestinationTrouble: Sendable, Hashable {
    package var failingSince: Int64
    package var retryAt: Int64
    /// How long it was waited before `retryAt`, in milliseconds; 0 when the server has been heard from since.
    package var retryInterval: Int64

    package init(failingSince: Int64, retryAt: Int64, retryInterval: Int64) {
        self.failingSince = failingSince
        self.retryAt = retryAt
        self.retryInterval = retryInterval
    }
}

/// The slot of a duty in whose name something is written: refused when it has changed hands.
package struct SlotFence: Sendable, Hashable {
    package let duty: String
    package let slot: Int32
    package let epoch: Int64

    package init(duty: String, slot: Int32, epoch: Int64) {
        self.duty = duty
        self.slot = slot
        self.epoch = epoch
    }
}

/// A server with members in a room.
package struct JoinedServer: Sendable, Hashable {
    package let name: ServerName
    package let nid: ServerNID
    /// The member whose membership has been as it is for longest.
    package let witness: UserNID
    /// Since this position of the room's shard. The server may have been there before; after it, it was for certain.
    package let since: Int64
}

/// A room in which a server may have missed something.
package struct MissedRoom: Sendable, Hashable {
    package let roomNID: RoomNID
    package let shard: Int16
    /// The event by which the server's last member left or was put out, when nobody of it is there any more.
    package let departure: EventNID?
}
