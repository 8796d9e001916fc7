import MatrixCore
import Rooms
import Storage

/// Somebody who wants to know of rooms that they need not be in: a user of this server, or nobody who is known.
struct RoomViewer: Sendable {
    /// `nil` for nobody who is known.
    let user: UserNID?
    let store: MembershipStore

    /// What the viewer is in some rooms.
    ///
    /// - Cost: one query for all of them.
    func standing(in rooms: some Sequence<RoomNID>) async throws -> RoomStanding {
        guard let user else { return RoomStanding(memberships: [:]) }
        return RoomStanding(memberships: try await store.memberships(of: user, in: Array(Set(rooms))))
    }
}

/// What a viewer is in some rooms, and so may be told of them and others.
struct RoomStanding: Sendable {
    let memberships: [RoomNID: Membership]

    /// Whether the viewer may be told of a room.
    ///
    /// - Parameters:
    ///   - room: its number, when it has one here.
    ///   - allowed: the numbers of the rooms whose members may join.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy
    func maySee(_ summary: RoomSummary, _ room: RoomNID?, allowed: [RoomNID]) -> Bool {
        switch room.flatMap({ memberships[$0] }) {
        case .join, .invite: true
        case .ban: summary.isWorldReadable
        case .knock, .leave, nil: summary.isOpen || allowed.contains { memberships[$0] == .join }
        }
    }
}
