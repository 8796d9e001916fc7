import Cluster
import MatrixCore
import Storage

/// Whose events are served pruned to whoever was not in the room when they were sent: users of this server who wanted to be erased.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
package final class ErasedSenders: Sendable {
    /// Users that are remembered, some 50 bytes each.
    private static let maxCached = 200_000

    private let store: EventStore
    private let feed: LogFeed
    private let memory = GenerationalCache<UserNID, Bool>(maxWeight: maxCached)
    /// The rooms of one answer miss the same senders at one moment.
    private let questions: SharedQuestions<UserNID, Set<UserNID>>

    init(store: EventStore, feed: LogFeed) {
        self.store = store
        self.feed = feed
        questions = SharedQuestions(clock: feed.clock)
    }

    /// Takes note of a row of the log.
    func follow(_ row: LogRow) {
        if row.kind == .access, let user = row.userNID { memory.remove(user) }
    }

    /// Those of the events' senders who were erased.
    ///
    /// Cost: nothing for events of other servers and for senders in memory; otherwise a query for all, shared with whoever
    /// asks at the same moment.
    func senders(of events: [RoomEvent]) async throws -> Set<UserNID> {
        var erased: Set<UserNID> = []
        var unknown: Set<UserNID> = []
        for (event, isErased) in zip(events, memory.values(for: events.map(\.stored.senderNID))) {
            let sender = event.stored.senderNID
            switch isErased {
            case true?: erased.insert(sender)
            case false?: break
            case nil where event.event.sender.serverName == feed.installation.serverName: unknown.insert(sender)
            case nil: memory.keep(false, for: sender)
            }
        }
        if !unknown.isEmpty { erased.formUnion(try await ask(unknown)) }
        return erased
    }

    private func ask(_ users: Set<UserNID>) async throws -> Set<UserNID> {
        let heads = feed.heads
        let erased = try await questions.ask(users) { [store] in try await store.erased(among: $0) }.intersection(users)
        for user in users { memory.keep(erased.contains(user), for: user) }
        // Of whom the log has told meanwhile the answer may be too old, and the row may have been here before it was kept.
        let changed = feed.withWindow { window in
            users.filter { user in
                !window.reaches(heads) || window.rows(of: user, since: heads).contains { $0.kind == .access }
            }
        }
        for user in changed { memory.remove(user) }
        return erased
    }
}
