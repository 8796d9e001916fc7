package import MatrixCore
package import Rooms
package import Storage

/// How much is unread in a room, in the main timeline and in each thread.
package struct UnreadCounts: Sendable, Hashable {
    package var main = UnreadCount()
    package var threads: [EventID: UnreadCount] = [:]

    package init() {}

    /// Everything together, for clients that do not tell threads apart.
    package var total: UnreadCount { threads.values.reduce(main, +) }
}

/// Counts what is unread: events that notify the user, after what the user has read.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications
package struct UnreadCounter: Sendable {
    private let store: ReceiptStore
    private let events: EventLoader

    package init(store: ReceiptStore, events: EventLoader) {
        self.store = store
        self.events = events
    }

    /// What is unread in some rooms.
    ///
    /// Cost: two queries for all, one more when something is unread in threads.
    package func counts(
        of user: UserNID, in questions: [(room: RoomRecord, question: UnreadQuestion)]
    ) async throws -> [RoomNID: UnreadCounts] {
        let asked = questions.map(\.question)
        async let inMain = store.unread(of: user, in: asked)
        let inThreads = try await store.unreadInThreads(of: user, in: asked)
        var counts: [RoomNID: UnreadCounts] = [:]
        for (room, count) in try await inMain { counts[room, default: UnreadCounts()].main = count }
        guard !inThreads.isEmpty else { return counts }
        let marks = try await store.marks(of: user, in: Array(Set(inThreads.map(\.roomNID))))
        let grouped = Dictionary(grouping: inThreads, by: \.roomNID)
        for (room, _) in questions {
            guard let unread = grouped[room.nid] else { continue }
            let events = try await events.events(unread.map(\.eventNID), in: room)
            for entry in unread {
                guard let root = events[entry.eventNID]?.event.threadRoot else { continue }
                if let mark = marks[room.nid]?[.thread(root: root)], entry.place <= mark { continue }
                let before = counts[room.nid]?.threads[root] ?? UnreadCount()
                counts[room.nid, default: UnreadCounts()].threads[root] = before + entry.count
            }
        }
        return counts
    }
}
