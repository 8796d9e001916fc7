import MatrixCore
import Storage
import Synchronization

/// Events that were redacted lately: a copy of one in memory, from before, is not the event any more.
///
/// Taking the copy out of the memory when the redaction comes is not enough, because a read that began before may put it
/// back afterwards.
final class RecentRedactions: Sendable {
    /// Kept twice: the newest and those before. No read takes longer than so many redactions of one worker.
    private static let maxPerGeneration = 10_000

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventID
    }

    private struct State {
        var young: Set<Key> = []
        var old: Set<Key> = []
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock { $0.young.isEmpty && $0.old.isEmpty } }

    func contains(_ event: EventID, in room: RoomNID) -> Bool {
        state.withLock { state in
            if state.young.isEmpty, state.old.isEmpty { return false }
            let key = Key(room: room, event: event)
            return state.young.contains(key) || state.old.contains(key)
        }
    }

    /// - Returns: whether the oldest ones were dropped. Copies from before have to be let go of then.
    func insert(_ event: EventID, in room: RoomNID) -> Bool {
        state.withLock { state in
            state.young.insert(Key(room: room, event: event))
            guard state.young.count > Self.maxPerGeneration else { return false }
            state.old = state.young
            state.young = []
            return true
        }
    }
}
