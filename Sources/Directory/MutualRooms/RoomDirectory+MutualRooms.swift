package import MatrixCore
import Rooms
package import Storage

/// Rooms that two users are in.
package struct MutualRooms: Sendable {
    package let rooms: [RoomID]
    /// Of all pages.
    package let count: Int
    package let nextBatch: String?
}

extension RoomDirectory {
    private static var maxMutualRooms: Int { 100 }

    /// The rooms in which a user and another one are both joined.
    ///
    /// - Parameter from: a token of an earlier page. It stands for a place in the order of the rooms' numbers, so it never
    ///   expires, and rooms that come later may be among what follows.
    /// - Throws: 400 `M_INVALID_PARAM` for oneself, an id that no client may name, or a token of nobody's.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms
    package func mutualRooms(of user: UserRecord, and other: UserID, from token: String?) async throws -> MutualRooms {
        guard other != user.userID, other.isCompliant else {
            throw MatrixError(.invalidParam, "user_id is not another user's")
        }
        var start = RoomNID(0)
        if let token {
            guard token.hasPrefix("m"), let number = Int64(token.dropFirst()), number >= 0 else {
                throw MatrixError(.invalidParam, "from is not valid")
            }
            start = RoomNID(number)
        }
        guard let other = try await rooms.reader.interning.knownUser(other) else {
            return MutualRooms(rooms: [], count: 0, nextBatch: nil)
        }
        let shared = try await rooms.reader.memberships.sharedRooms(of: user.nid, and: other.nid).sorted()
        let page = shared.filter { start < $0 }.prefix(Self.maxMutualRooms)
        let records = try await rooms.reader.store.rooms(Array(page))
        let hasMore = page.last.map { last in shared.last.map { last < $0 } ?? false } ?? false
        return MutualRooms(
            rooms: page.compactMap { records[$0]?.roomID }, count: shared.count,
            nextBatch: hasMore ? page.last.map { "m\($0.rawValue)" } : nil)
    }
}
