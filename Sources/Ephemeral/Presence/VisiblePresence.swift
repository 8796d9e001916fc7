package import Cluster
package import MatrixCore
import Storage

/// Whose presence somebody sees: their own, and that of everybody with whom they share a room.
package struct VisiblePresence: Sendable {
    /// People in one answer.
    private static let maxShown = 1_000
    /// Of whom it is looked up whether they share a room: in a first answer, and of those of whom there is news, which costs
    /// up to a microsecond each.
    private static let maxLookedUp = 2_000
    private static let maxNews = 500

    package let presence: Presence
    package let joined: JoinedRooms

    package init(presence: Presence, joined: JoinedRooms) {
        self.presence = presence
        self.joined = joined
    }

    /// What a user is to be told.
    ///
    /// - Parameters:
    ///   - serial: what the user has seen, as a serial of the ephemeral bus; `nil` for nothing: then who is there.
    ///   - met: people who share a room with the user since then; those who are there are told as well.
    /// - Returns: in no order.
    /// - Cost: from memory for those whose rooms are in it; otherwise a query for all others.
    package func statuses(
        for view: UserView, since serial: Int64?, met: Set<UserNID> = []
    ) async throws -> [PresenceStatus] {
        var people: Set<UserNID>
        if let serial {
            people = Set(presence.changed(after: serial, upTo: view.ephemeral, atMost: Self.maxNews))
        } else {
            people = Set(presence.present(atMost: Self.maxLookedUp))
        }
        let newly = met.subtracting(people)
        let present = newly.isEmpty ? [:] : presence.statuses(of: newly).filter { $0.value.state != .offline }
        people.formUnion(present.keys)
        guard !people.isEmpty else { return [] }
        let shared = try await sharing(people, with: view).prefix(Self.maxShown)
        return Array(presence.statuses(of: shared).values)
    }

    /// Who of those who are there is in one of some rooms, into which the user has come.
    package func present(in rooms: Set<RoomNID>) async throws -> Set<UserNID> {
        let people = presence.present(atMost: Self.maxLookedUp)
        guard !people.isEmpty, !rooms.isEmpty else { return [] }
        let stays = try await joined.stays(of: people)
        return Set(people.filter { stays[$0]?.isJoined(toAnyOf: rooms) == true })
    }

    private func sharing(_ people: Set<UserNID>, with view: UserView) async throws -> [UserNID] {
        let others = people.subtracting([view.user.nid])
        let stays = try await joined.stays(of: others)
        return people.filter { user in
            user == view.user.nid
                || stays[user]?.joined.keys.contains { view.standings[$0]?.membership == .join } == true
        }
    }
}
