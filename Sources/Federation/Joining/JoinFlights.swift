import MatrixCore
import Synchronization

/// The joins that are under way in this worker.
///
/// A join outlives the request that asked for it: once another server has let us in, the room has to be taken in whole,
/// though the client may have given up. Who asks again meanwhile waits for the same join. Joins of several users into one
/// room go one after the other, since the first of them brings everything that the others need.
final class JoinFlights: Sendable {
    /// Each may hold the state of a large room in memory.
    static let maxFlights = 32

    private struct Key: Hashable {
        let room: RoomID
        let user: UserID
    }

    private struct State {
        var flights: [Key: Task<Void, any Error>] = [:]
        var latest: [RoomID: (user: UserID, task: Task<Void, any Error>)] = [:]
    }

    private let state = Mutex(State())

    /// Runs a join, or waits for the one that is under way.
    ///
    /// - Throws: what the join throws; 429 when too many are under way.
    func run(_ room: RoomID, _ user: UserID, _ join: @escaping @Sendable () async throws -> Void) async throws {
        let key = Key(room: room, user: user)
        let flight = state.withLock { state -> Task<Void, any Error>? in
            if let flight = state.flights[key] { return flight }
            guard state.flights.count < Self.maxFlights else { return nil }
            let before = state.latest[room]?.task
            let flight = Task {
                defer { end(key) }
                _ = await before?.result
                try await join()
            }
            state.flights[key] = flight
            state.latest[room] = (user, flight)
            return flight
        }
        guard let flight else {
            throw MatrixError(.limitExceeded, "too many rooms are being joined", retryAfter: .seconds(10))
        }
        try await flight.value
    }

    private func end(_ key: Key) {
        state.withLock { state in
            state.flights[key] = nil
            if state.latest[key.room]?.user == key.user { state.latest[key.room] = nil }
        }
    }
}
