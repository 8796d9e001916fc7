package import MatrixCore
import Rooms
package import Storage

/// Somebody who wants to know of rooms that they need not be in: a user of this server, or nobody who is known.
package struct RoomViewer: Sendable {
    private let memberships: [RoomNID: Membership]

    /// Nobody who is known.
    package static let anyone = RoomViewer(memberships: [:])

    private init(memberships: [RoomNID: Membership]) { self.memberships = memberships }

    /// Cost: one query, whatever is then asked about.
    package init(_ user: UserNID, memberships store: MembershipStore) async throws {
        let records = try await store.memberships(of: user)
        self.init(
            memberships: Dictionary(
                records.map { ($0.roomNID, $0.membership) }, uniquingKeysWith: { first, _ in first }))
    }

    package func membership(in room: RoomNID?) -> Membership? { room.flatMap { memberships[$0] } }

    /// Whether the viewer may be told of a room.
    ///
    /// - Parameters:
    ///   - room: its number, when it has one here.
    ///   - allowed: the numbers of the rooms whose members may join.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy
    func maySee(_ summary: RoomSummary, _ room: RoomNID?, allowed: [RoomNID]) -> Bool {
        switch membership(in: room) {
        case .join, .invite: true
        case .ban: summary.isWorldReadable
        case .knock, .leave, nil:
            summary.isOpen || allowed.contains { memberships[$0] == .join }
        }
    }
}
