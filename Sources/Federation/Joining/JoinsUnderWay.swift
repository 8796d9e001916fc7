import Cluster
import MatrixCore

/// The joins that are under way in this worker.
///
/// A join outlives the request that asked for it: once another server has let us in, the room has to be taken in whole,
/// though the client may have given up. Who asks again meanwhile waits for the same join. Joins of several users into one
/// room go one after the other, since the first of them brings everything that the others need.
struct JoinsUnderWay: Sendable {
    /// Each may hold the state of a large room in memory.
    static let maxFlights = 32

    private struct Key: Hashable {
        let room: RoomID
        let user: UserID
    }

    private let flights = Flights<Key, Void>(atMost: maxFlights)
    private let rooms = Places<RoomID>(ofEach: 1)

    /// Runs a join, or waits for the one that is under way.
    ///
    /// - Throws: what the join throws; 429 when too many are under way.
    func run(_ room: RoomID, _ user: UserID, _ join: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await flights.join(Key(room: room, user: user)) { [rooms] in
                try await rooms.hold(room) { try await join() }
            }
        } catch is Flights<Key, Void>.Refusal {
            throw MatrixError(.limitExceeded, "too many rooms are being joined", retryAfter: .seconds(10))
        }
    }
}
