package import MatrixCore
import Postgres

/// What is unread because of receipts.
extension ReceiptStore {
    /// Unread events of a room that are looked at, in its main timeline and in its threads. Clients show no more than three
    /// digits; highlights before them are counted all the same.
    package static let maxUnread: Int64 = 1_000

    /// What is unread in some rooms. Rooms where nothing is are left out.
    ///
    /// Cost: two queries for all; a look at each unread event of the newest `maxUnread`.
    package func unread(of user: UserNID, in questions: [UnreadQuestion]) async throws -> [RoomNID: UnreadCounts] {
        guard !questions.isEmpty else { return [:] }
        let (rooms, floors, heads) = (
            questions.map(\.roomNID.rawValue), questions.map(\.floor), questions.map(\.head)
        )
        async let inThreads = pool.query(
            UnreadStatements.unreadInThreads, user.rawValue, rooms, floors, heads, Self.maxUnread)
        var counts: [RoomNID: UnreadCounts] = [:]
        let inMain = try await pool.query(UnreadStatements.unread, user.rawValue, rooms, floors, heads, Self.maxUnread)
        for row in inMain {
            let (room, notifications, isCut, highlights) = try row.decode((Int64, Int64, Bool, Int64).self)
            counts[RoomNID(room), default: UnreadCounts()].main = UnreadCount(
                notifications: Int(notifications), highlights: Int(highlights))
            counts[RoomNID(room)]?.isCut = isCut
        }
        for row in try await inThreads {
            let (room, root, notifications, highlights) = try row.decode((Int64, String, Int64, Int64).self)
            guard let root = EventID(root) else { throw StorageError.corrupt("thread_events.root") }
            counts[RoomNID(room), default: UnreadCounts()].threads[root] = UnreadCount(
                notifications: Int(notifications), highlights: Int(highlights))
        }
        return counts
    }

    /// What differs for users from what the events' flags say.
    package func exceptions(
        _ topics: Set<ExceptionTopic>
    ) async throws -> [ExceptionTopic: [EventNID: NotificationActions]] {
        guard !topics.isEmpty else { return [:] }
        let topics = Array(topics)
        let rows = try await pool.query(
            UnreadStatements.exceptions, topics.map(\.roomNID.rawValue), topics.map(\.userNID.rawValue),
            topics.map(\.position))
        var found: [ExceptionTopic: [EventNID: NotificationActions]] = [:]
        for row in rows {
            let (room, user, position, event, actions) = try row.decode((Int64, Int64, Int64, Int64, Int16).self)
            let topic = ExceptionTopic(roomNID: RoomNID(room), userNID: UserNID(user), position: position)
            found[topic, default: [:]][EventNID(event)] = NotificationActions(rawValue: actions)
        }
        return found
    }
}
