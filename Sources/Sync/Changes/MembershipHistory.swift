package import Cluster
package import MatrixCore
package import Rooms
package import Storage

/// How a user's membership in a room changed since a place of the log.
package struct MembershipHistory: Sendable {
    /// Changes that are walked back; whoever changes more often within one sync is taken for somebody who was not there before.
    private static let maxChanges = 32

    /// The membership before all changes.
    package let before: Membership?
    /// The changes, newest first.
    package let changes: [RoomEvent]

    /// The event by which the user last left a stay, if it was in the room at some time since.
    package var departure: RoomEvent? {
        for (index, change) in changes.enumerated() where change.event.membership != .join {
            let earlier = index + 1 < changes.count ? changes[index + 1].event.membership : before
            if earlier == .join { return change }
        }
        return nil
    }

    /// What became of the membership after a stay ended, or without any, oldest first. Invites and knocks are told otherwise.
    package func changes(after departure: RoomEvent?) -> [RoomEvent] {
        changes.prefix { $0.nid != departure?.nid }.reversed()
            .filter { $0.event.membership == .leave || $0.event.membership == .ban }
    }

    /// Walks back from the user's newest member event.
    ///
    /// - Parameter since: the position, in the room's shard, after which changes count.
    package static func read(
        of user: UserRecord, in room: RoomRecord, from standing: RoomStanding, since: Int64, reader: RoomReader
    ) async throws -> MembershipHistory {
        var changes: [RoomEvent] = []
        var next = try await reader.events.event(standing.eventNID, in: room)
        while let event = next, changes.count < maxChanges {
            // State that came with a join has no position, and is older than anything that a client has seen.
            guard event.stored.position > since else {
                return MembershipHistory(before: event.event.membership, changes: changes)
            }
            changes.append(event)
            guard let before = event.stored.stateBefore else { break }
            next = try await reader.snapshot(of: room, at: before).event(EventType.member, user.userID.description)
        }
        return MembershipHistory(before: nil, changes: changes)
    }
}
