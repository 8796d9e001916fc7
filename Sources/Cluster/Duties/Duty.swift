package import Storage
import Synchronization

/// Work that nobody asked for right now, cut into slots: outgoing federation by destination, push by user, and the like.
///
/// Live workers of a role share the slots. After a crash what was done since the last saved cursor is done again, never
/// skipped, so whatever receives the work must take it twice.
package protocol Duty: Sendable {
    /// Names the duty in the database, for ever.
    var name: String { get }
    /// How many slots there are; the same in every worker.
    var slotCount: Int { get }
    /// Where a slot begins on which nobody has ever worked, when that is now. It is saved before the work begins: whoever takes
    /// over from a worker that died soon would otherwise begin later. `nil` when the duty begins with all there is.
    var start: LogVector? { get }

    /// Works on a slot until the task is cancelled, which says that the slot has been lost or is asked back.
    ///
    /// When it throws or returns, it is called again after a pause.
    func run(_ lease: DutyLease) async throws

    /// What this worker does for all of its slots together, such as to look for work with one question. Runs for as long as
    /// the worker takes part in the duty, until the task is cancelled; it may end earlier.
    func runBeside() async
}

extension Duty {
    package var start: LogVector? { nil }

    package func runBeside() async {}
}

/// A slot while this worker holds it.
package final class DutyLease: Sendable {
    /// Why the work has to end.
    enum End: Sendable, Equatable {
        /// Others may hold the slot already: nothing may be written any more.
        case lost
        /// It is given back in order.
        case givenBack
    }

    private struct State {
        var cursor: LogVector?
        var isUnsaved = false
    }

    package let slot: Int
    /// Fences writes: a higher one has taken over.
    package let epoch: Int64
    let end = Waiter<End>()
    private let state: Mutex<State>

    init(slot: Int, epoch: Int64, cursor: LogVector?) {
        self.slot = slot
        self.epoch = epoch
        state = Mutex(State(cursor: cursor))
    }

    /// Whether the slot is still ours, as far as this worker knows.
    package var isHeld: Bool { !end.hasEnded }

    /// How far the slot has come; `nil` when nobody has ever worked on it, and the duty has no `start`.
    package var cursor: LogVector? { state.withLock { $0.cursor } }

    /// Everything at or below has been done. Saved after a while.
    package func advance(to cursor: LogVector) {
        state.withLock { state in
            guard state.cursor != cursor else { return }
            state.cursor = cursor
            state.isUnsaved = true
        }
    }

    /// The slot begins here, as has been saved.
    func begin(at cursor: LogVector) { state.withLock { $0.cursor = cursor } }

    /// The cursor when it has changed since it was taken the last time.
    func takeUnsaved() -> LogVector? {
        state.withLock { state in
            guard state.isUnsaved else { return nil }
            state.isUnsaved = false
            return state.cursor
        }
    }

    /// What was taken could not be saved.
    func putBack() { state.withLock { $0.isUnsaved = true } }
}
