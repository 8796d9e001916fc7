import Cluster
import MatrixCore
import Storage

/// Whose events are served pruned to whoever was not in the room when they were sent: users of this server who wanted to be erased.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
package final class ErasedSenders: Sendable {
    private let store: EventStore
    private let serverName: ServerName
    private let memory: AccountDataMemory<Bool>
    /// The rooms of one answer miss the same senders at one moment.
    private let questions: SharedQuestions<UserNID, Set<UserNID>>

    init(store: EventStore, feed: LogFeed) {
        self.store = store
        serverName = feed.installation.serverName
        memory = AccountDataMemory(feed: feed, kind: .access)
        questions = SharedQuestions(clock: feed.clock)
    }

    /// Those of the events' senders who were erased.
    ///
    /// Cost: nothing for events of other servers and for senders in memory; otherwise a query for all, shared with whoever
    /// asks at the same moment.
    func senders(of events: [RoomEvent]) async throws -> Set<UserNID> {
        let own = Set(events.lazy.filter { $0.event.sender.serverName == self.serverName }.map(\.stored.senderNID))
        guard !own.isEmpty else { return [] }
        let found = try await memory.values(of: own) { unknown in
            let erased = try await questions.ask(unknown) { [store] in try await store.erased(among: $0) }
            return Dictionary(uniqueKeysWithValues: unknown.map { ($0, erased.contains($0)) })
        }
        return Set(found.lazy.filter(\.value).map(\.key))
    }
}
