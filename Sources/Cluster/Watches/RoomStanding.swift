package import MatrixCore
package import Storage

/// How a user stands to a room: the newest membership, as a watch keeps it for each of thousands of users and rooms.
package struct RoomStanding: Sendable, Hashable {
    /// Where the membership was written, in the shard's log.
    package let position: Int64
    package let eventNID: EventNID
    /// The room's shard, or the user's for what the room's own log does not tell.
    package let shard: Int16
    package let membership: Membership
    package let isForgotten: Bool
    /// Where the present stay began, in the room's shard; 0 for who is not in the room.
    package let joinedPosition: Int64
    /// Where the last stay ended, in the room's shard; 0 when none has.
    package let leftPosition: Int64

    package init(_ record: MembershipRecord) {
        position = record.position
        eventNID = record.eventNID
        shard = record.shard
        membership = record.membership
        isForgotten = record.isForgotten
        joinedPosition = record.joinedPosition
        leftPosition = record.leftPosition
    }

    /// The membership that it was made of.
    package func record(of user: UserNID, in room: RoomNID) -> MembershipRecord {
        MembershipRecord(
            roomNID: room, userNID: user, membership: membership, eventNID: eventNID, shard: shard, position: position,
            isForgotten: isForgotten, joinedPosition: joinedPosition, leftPosition: leftPosition)
    }
}

/// A user's rooms as they are at a place of the log.
package struct UserView: Sendable {
    package let user: UserRecord
    /// Everything at or below has its effect on `standings`, and nothing after it has.
    package let heads: LogVector
    /// The newest ephemeral change at that time.
    package let ephemeral: Int64
    /// Every room that the user has ever had to do with.
    package let standings: [RoomNID: RoomStanding]
    /// From here on it is known what concerned the user.
    package let since: LogVector
    /// For each shard the newest row that concerned the user since `since`.
    let newest: LogVector
    let newestEphemeral: Int64
    /// Rows up to here may concern the user, which is being found out; `nil` when there are none.
    let unresolved: LogVector?

    /// Whether something that concerns the user may have come after the vector and the ephemeral serial.
    ///
    /// Cost: a comparison a shard.
    package func mayHaveChanged(since vector: LogVector, ephemeral serial: Int64) -> Bool {
        !vector.covers(since) || !vector.covers(newest) || newestEphemeral > serial
            || unresolved.map { !vector.covers($0) } ?? false
    }
}

/// Why a wait for news of a user ended.
package enum WakeReason: Sendable, Hashable {
    /// Something that concerns the user came, or may have come.
    case news
    case deadline
    /// The worker is about to stop: answer with what there is.
    case draining
    /// The client has gone.
    case cancelled
}
