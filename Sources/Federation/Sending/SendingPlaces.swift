import Cluster
import DequeModule
import Synchronization
import Telemetry

/// Bounds the transactions that a worker has under way, so that servers that hang do not hold up those that answer.
///
/// Most servers answer within a second. One that takes longer gives its place to the next and goes on beside, where there
/// are more places; servers that could not be reached before wait in a line of their own.
final class SendingPlaces: Sendable {
    enum Line: Sendable, CaseIterable {
        /// Servers that got the last transaction.
        case healthy
        /// Servers that did not.
        case doubtful

        var limit: Int {
            switch self {
            case .healthy: 64
            case .doubtful: 128
            }
        }
    }

    /// Transactions under way that have taken longer than `patience`.
    private static let maxSlow = 256
    private static let patience = Duration.seconds(5)

    private struct State {
        var held: [Line: Int] = [:]
        var waiting: [Line: Deque<Waiter<Bool>>] = [:]
        var slow = 0
    }

    /// One transaction's place.
    private final class Place: Sendable {
        enum Stage { case prompt, slow, ended }
        let stage = Mutex(Stage.prompt)
    }

    private let timeouts: Timeouts
    private let state = Mutex(State())

    init(timeouts: Timeouts) { self.timeouts = timeouts }

    /// Runs `body` when there is a place.
    ///
    /// - Throws: `CancellationError` when the task was cancelled before, else what `body` throws.
    func hold<Result: Sendable>(_ line: Line, _ body: () async throws -> Result) async throws -> Result {
        if let waiter = take(line), await !waiter.wait(cancelled: false) {
            // Not in the line any more: a place was given at the same moment, and goes on to the next.
            if !leave(line, waiter) { give(line) }
            throw CancellationError()
        }
        let place = Place()
        let ticket = timeouts.add(after: Self.patience) { [weak self] in self?.stepAside(place, line) }
        defer {
            timeouts.remove(ticket)
            end(place, line)
        }
        return try await body()
    }

    /// Takes a place; or the wait for one.
    private func take(_ line: Line) -> Waiter<Bool>? {
        state.withLock { state in
            guard state.held[line, default: 0] >= line.limit else {
                state.held[line, default: 0] += 1
                return nil
            }
            let waiter = Waiter<Bool>()
            state.waiting[line, default: []].append(waiter)
            return waiter
        }
    }

    /// Returns whether it still was in the line.
    private func leave(_ line: Line, _ waiter: Waiter<Bool>) -> Bool {
        state.withLock { state in
            guard let index = state.waiting[line]?.firstIndex(where: { $0 === waiter }) else { return false }
            state.waiting[line]?.remove(at: index)
            return true
        }
    }

    /// Gives the place to the first in the line, or back.
    private func give(_ line: Line) {
        let next = state.withLock { state -> Waiter<Bool>? in
            let next = state.waiting[line]?.popFirst()
            if next == nil { state.held[line, default: 1] -= 1 }
            return next
        }
        next?.end(true)
    }

    private func stepAside(_ place: Place, _ line: Line) {
        guard line == .healthy else { return }
        let moves = place.stage.withLock { stage in
            guard stage == .prompt, takeSlowPlace() else { return false }
            stage = .slow
            return true
        }
        if moves { give(line) }
    }

    private func takeSlowPlace() -> Bool {
        state.withLock { state in
            guard state.slow < Self.maxSlow else { return false }
            state.slow += 1
            return true
        }
    }

    private func end(_ place: Place, _ line: Line) {
        let wasSlow = place.stage.withLock { stage in
            let wasSlow = stage == .slow
            stage = .ended
            return wasSlow
        }
        if wasSlow { state.withLock { $0.slow -= 1 } } else { give(line) }
    }
}
