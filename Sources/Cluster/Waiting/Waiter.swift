import Synchronization

/// One task's wait. It ends once; the first who ends it decides with what.
///
/// Whoever may end it keeps it in a list of its own. A wait that has ended is let go of by the task that waited, so that no
/// list grows.
package final class Waiter<Outcome: Sendable>: Sendable {
    private enum State {
        case fresh
        case waiting(CheckedContinuation<Outcome, Never>)
        case ended(Outcome)
    }

    private let state = Mutex(State.fresh)

    package init() {}

    package var hasEnded: Bool { state.withLock { if case .ended = $0 { true } else { false } } }

    /// Ends the wait, unless it has ended already. May come before the task waits.
    ///
    /// - Returns: whether this is what ended it.
    @discardableResult
    package func end(_ outcome: Outcome) -> Bool {
        let (isFirst, continuation) = state.withLock { state -> (Bool, CheckedContinuation<Outcome, Never>?) in
            switch state {
            case .fresh:
                state = .ended(outcome)
                return (true, nil)
            case .waiting(let continuation):
                state = .ended(outcome)
                return (true, continuation)
            case .ended: return (false, nil)
            }
        }
        continuation?.resume(returning: outcome)
        return isFirst
    }

    /// Waits for the end. To be called once.
    ///
    /// - Parameter cancelled: what the wait ends with when the task is cancelled.
    package func wait(cancelled: Outcome) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early = state.withLock { state -> Outcome? in
                    if case .ended(let outcome) = state { return outcome }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            end(cancelled)
        }
    }
}
