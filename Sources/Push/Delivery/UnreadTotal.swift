import MatrixCore
import Rooms
import Storage

/// How many events a user has not read, of all rooms together: the number on an application's badge.
struct UnreadTotal: Sendable {
    private let receipts: ReceiptStore
    private let reader: RoomReader

    init(receipts: ReceiptStore, reader: RoomReader) {
        self.receipts = receipts
        self.reader = reader
    }

    /// Cost: four queries.
    func count(of user: UserNID) async throws -> Int {
        let joined = try await reader.memberships.memberships(of: user).filter { $0.membership == .join }
        let rooms = try await reader.store.rooms(joined.map(\.roomNID))
        let questions = joined.compactMap { membership in
            rooms[membership.roomNID].map { room in
                UnreadQuestion(
                    roomNID: room.nid, floor: membership.shard == room.shard ? membership.joinedPosition : 0, head: .max
                )
            }
        }
        return try await receipts.unread(of: user, in: questions).values.reduce(0) { $0 + $1.total.notifications }
    }
}
