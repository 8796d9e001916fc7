import Storage
import Synchronization

/// One shard of the feed: puts its rows in order and tells the observers, one row after the other.
final class LogLane: Sendable {
    struct Outcome {
        /// Rows were applied.
        var hasMoved = false
        /// Rows are missing, and nobody is reading them yet.
        var needsRepair = false
    }

    private struct State {
        var head: Int64
        /// The newest position that is known to exist.
        var known: Int64
        /// Rows that came too early, with the position that must be seen before each.
        var waiting: [(row: LogRow, previous: Int64)] = []
        var observers: [LogFeed.Observer] = []
    }

    private let state: Mutex<State>

    init(head: Int64) { state = Mutex(State(head: head, known: head)) }

    var head: Int64 { state.withLock { $0.head } }
    var known: Int64 { state.withLock { $0.known } }
    /// Whether a position is known that has not been applied.
    var isBehind: Bool { state.withLock { $0.known > $0.head } }

    /// - Returns: the position from which on the observer will be called.
    func add(_ observer: @escaping LogFeed.Observer) -> Int64 {
        state.withLock { state in
            state.observers.append(observer)
            return state.head
        }
    }

    /// Takes note of a position that exists. Returns whether it is not here yet.
    func learn(_ position: Int64) -> Bool {
        state.withLock { state in
            state.known = max(state.known, position)
            return state.known > state.head
        }
    }

    /// The database was read to its end when `expected` was the newest position known: if that did not come, there is no
    /// such row, whatever a hint said.
    func settle(_ expected: Int64) {
        state.withLock { state in
            guard state.known == expected, expected > state.head else { return }
            state.known = state.head
            state.waiting.removeAll { $0.row.position <= expected }
        }
    }

    /// Applies the row and those that waited for it, or lets it wait.
    ///
    /// - Parameter append: puts a row into the window; called in the order of the positions.
    func apply(
        _ row: LogRow, previous: Int64, append: (LogRow, Int64) -> LogWindow.Outcome
    ) -> Outcome {
        state.withLock { state in
            state.known = max(state.known, row.position)
            var outcome = Outcome()
            var next: (row: LogRow, previous: Int64)? = (row, previous)
            while let (row, previous) = next {
                switch append(row, previous) {
                case .applied:
                    state.head = row.position
                    outcome.hasMoved = true
                    for observer in state.observers { observer(row) }
                case .old: break
                case .gap:
                    if state.waiting.count < LogFeed.maxWaitingRows { state.waiting.append((row, previous)) }
                }
                next = Self.takeReady(&state)
            }
            outcome.needsRepair = state.known > state.head
            return outcome
        }
    }

    /// A row whose turn has come; those that were applied meanwhile are forgotten.
    private static func takeReady(_ state: inout State) -> (row: LogRow, previous: Int64)? {
        guard !state.waiting.isEmpty else { return nil }
        let head = state.head
        state.waiting.removeAll { $0.row.position <= head }
        guard let index = state.waiting.firstIndex(where: { $0.previous <= head }) else { return nil }
        return state.waiting.remove(at: index)
    }
}
