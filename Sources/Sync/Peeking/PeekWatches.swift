import Cluster
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// Wakes those who wait for something to happen in one room, whether they are in it or not.
final class PeekWatches: Sendable {
    /// Waits at the same time; more are not begun.
    static let maxSleepers = 5_000

    private struct State {
        var sleepers: [RoomNID: [Waiter<Bool>]] = [:]
        var count = 0
        var isDraining = false
    }

    private let timeouts: Timeouts
    private let state = Mutex(State())

    init(feed: LogFeed, timeouts: Timeouts) {
        self.timeouts = timeouts
        _ = feed.observe { [weak self] row in
            if row.kind == .roomEvents, let room = row.roomNID { self?.wake(room) }
        }
    }

    /// Runs `look`, and if that finds nothing waits until something happens in the room. What happens from the moment of the
    /// call on ends the wait.
    ///
    /// - Returns: what was found; `nil` when it is worth to look again, or when the time is over.
    func look<Found: Sendable>(
        into room: RoomNID, limit: Duration, _ look: () async throws -> Found?
    ) async throws -> (found: Found?, isOver: Bool) {
        let sleeper = Waiter<Bool>()
        let isWaiting = add(sleeper, room)
        defer { if isWaiting { remove(sleeper, room) } }
        if let found = try await look() { return (found, false) }
        guard isWaiting, limit > .zero else { return (nil, true) }
        let ticket = timeouts.add(after: limit) { sleeper.end(false) }
        let isNews = await sleeper.wait(cancelled: false)
        timeouts.remove(ticket)
        try Task.checkCancellation()
        return (nil, !isNews)
    }

    /// Ends all waits, now and from now on: the worker is about to stop.
    func drain() {
        let sleepers = state.withLock { state in
            state.isDraining = true
            return state.sleepers.values.flatMap { $0 }
        }
        for sleeper in sleepers { sleeper.end(false) }
    }

    private func add(_ sleeper: Waiter<Bool>, _ room: RoomNID) -> Bool {
        state.withLock { state in
            guard !state.isDraining, state.count < Self.maxSleepers else { return false }
            state.sleepers[room, default: []].append(sleeper)
            state.count += 1
            return true
        }
    }

    private func remove(_ sleeper: Waiter<Bool>, _ room: RoomNID) {
        state.withLock { state in
            state.sleepers[room]?.removeAll { $0 === sleeper }
            if state.sleepers[room]?.isEmpty == true { state.sleepers[room] = nil }
            state.count -= 1
        }
    }

    private func wake(_ room: RoomNID) {
        let sleepers = state.withLock { $0.sleepers[room] ?? [] }
        for sleeper in sleepers { sleeper.end(true) }
    }
}
