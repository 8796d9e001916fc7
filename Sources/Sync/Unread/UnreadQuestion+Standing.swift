package import Cluster
package import Storage

extension UnreadQuestion {
    /// What is unread for a member of a room: nothing counts from before the present stay.
    package init(_ standing: RoomStanding, in room: RoomRecord, upTo head: Int64) {
        self.init(roomNID: room.nid, floor: standing.shard == room.shard ? standing.joinedPosition : 0, head: head)
    }
}
