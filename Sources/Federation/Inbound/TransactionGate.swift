import Cluster
import DequeModule
import MatrixCore
import Synchronization

/// Lets so many transactions at a time be worked on: a server's own one after the other, as they were sent, and no more of
/// all together than this process should take. The others wait in line, and when that is long they are sent away.
final class TransactionGate: Sendable {
    /// A server sends its next transaction when the one before was answered; only one that gave up waiting has more.
    static let maxPerOrigin = 1
    static let maxWaitingPerOrigin = 4
    static let maxRunning = 64
    static let maxWaiting = 512
    private static let retryAfter = Duration.seconds(5)

    private struct Place {
        let origin: ServerName
        let waiter: Waiter<Bool>
    }

    private struct State {
        var running: [ServerName: Int] = [:]
        var runningCount = 0
        var line: Deque<Place> = []

        func hasRoom(for origin: ServerName) -> Bool {
            runningCount < maxRunning && running[origin, default: 0] < maxPerOrigin
        }

        mutating func begin(_ origin: ServerName) {
            running[origin, default: 0] += 1
            runningCount += 1
        }
    }

    private let state = Mutex(State())

    /// Runs `body` when it is its turn.
    ///
    /// - Throws: 429 `M_LIMIT_EXCEEDED` when too many wait, `CancellationError`, and what `body` throws.
    func pass<Result: Sendable>(_ origin: ServerName, _ body: () async throws -> Result) async throws -> Result {
        if let waiter = try enter(origin), await !waiter.wait(cancelled: false) {
            // A place was given at the same moment, and goes on to the next.
            if !leaveLine(waiter) { leave(origin) }
            throw CancellationError()
        }
        defer { leave(origin) }
        return try await body()
    }

    /// Takes a place, or the wait for one.
    private func enter(_ origin: ServerName) throws -> Waiter<Bool>? {
        try state.withLock { state in
            let isFirst = !state.line.contains { $0.origin == origin }
            if isFirst, state.hasRoom(for: origin) {
                state.begin(origin)
                return nil
            }
            guard state.line.count < Self.maxWaiting,
                state.line.count(where: { $0.origin == origin }) < Self.maxWaitingPerOrigin
            else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
            let waiter = Waiter<Bool>()
            state.line.append(Place(origin: origin, waiter: waiter))
            return waiter
        }
    }

    /// Whether it still was in the line.
    private func leaveLine(_ waiter: Waiter<Bool>) -> Bool {
        state.withLock { state in
            guard let index = state.line.firstIndex(where: { $0.waiter === waiter }) else { return false }
            state.line.remove(at: index)
            return true
        }
    }

    private func leave(_ origin: ServerName) {
        let next = state.withLock { state -> Waiter<Bool>? in
            state.runningCount -= 1
            let left = state.running[origin, default: 1] - 1
            state.running[origin] = left > 0 ? left : nil
            guard let index = state.line.firstIndex(where: { state.hasRoom(for: $0.origin) }) else { return nil }
            let place = state.line.remove(at: index)
            state.begin(place.origin)
            return place.waiter
        }
        next?.end(true)
    }
}
