package import Cluster
package import MatrixCore
package import Rooms
package import Storage

/// Counts what is unread: events that notify the user, after what the user has read.
///
/// What was counted is remembered and carried on by what the log brings, so that a new message does not have all that is unread
/// before it counted again, for each of a thousand members. Whatever makes less unread (receipts, redactions) has it counted
/// anew, but what the user sends, which reads its part of the room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications
package final class UnreadCounter: Sendable {
    /// Counts that are remembered, of a user in a room with so many threads; some 150 bytes each.
    private static let maxRemembered = 200_000
    /// Beyond so many new events the database counts faster.
    private static let maxCarriedOn = 64

    private struct Key: Hashable {
        let user: UserNID
        let room: RoomNID
    }

    private struct Entry: Sendable {
        /// Where the stay began for which was counted.
        let floor: Int64
        /// Everything of the room's shard up to here is in the counts.
        let upTo: Int64
        var counts: UnreadCounts
    }

    private let store: ReceiptStore
    private let events: EventLoader
    private let feed: LogFeed
    private let exceptions: SharedQuestions<ExceptionTopic, [ExceptionTopic: [EventNID: NotificationActions]]>
    private let remembered = GenerationalCache<Key, Entry>(maxWeight: maxRemembered) { 1 + $0.counts.threads.count }

    package init(store: ReceiptStore, events: EventLoader, feed: LogFeed) {
        self.store = store
        self.events = events
        self.feed = feed
        exceptions = SharedQuestions(clock: feed.clock)
    }

    /// What is unread in some rooms. Rooms where nothing is may be left out.
    ///
    /// Cost: nothing for rooms that were counted before, unless an event since says something to this user that it does not say
    /// to all; then a query, shared with whoever asks at the same moment. Two queries for all the other rooms together.
    package func counts(
        of user: UserNID, in questions: [(room: RoomRecord, question: UnreadQuestion)]
    ) async throws -> [RoomNID: UnreadCounts] {
        var counts: [RoomNID: UnreadCounts] = [:]
        var open: [UnreadQuestion] = []
        for (room, question) in questions {
            if let entry = try await carriedOn(user, room, question) {
                counts[room.nid] = entry.counts
                remember(entry, of: user, in: room.nid)
            } else {
                open.append(question)
            }
        }
        let counted = try await store.unread(of: user, in: open)
        for question in open {
            let found = counted[question.roomNID] ?? UnreadCounts()
            counts[question.roomNID] = found
            remember(
                Entry(floor: question.floor, upTo: question.head, counts: found), of: user, in: question.roomNID)
        }
        return counts
    }

    private func remember(_ entry: Entry, of user: UserNID, in room: RoomNID) {
        let key = Key(user: user, room: room)
        // Another request may have been further.
        if let known = remembered[key], known.floor == entry.floor, known.upTo > entry.upTo { return }
        remembered.keep(entry, for: key)
    }

    // MARK: Carrying on

    /// What was counted before, with what happened since; `nil` when it has to be counted anew.
    private func carriedOn(_ user: UserNID, _ room: RoomRecord, _ question: UnreadQuestion) async throws -> Entry? {
        guard let entry = remembered[Key(user: user, room: room.nid)], entry.floor == question.floor,
            entry.upTo <= question.head,
            let rows = feed.withWindow({
                $0.rows(of: room.nid, in: room.shard, after: entry.upTo, upTo: question.head)
            })
        else { return nil }
        var counts = entry.counts
        let numbers = rows.filter { $0.kind == .roomEvents }.map(\.eventNIDs)
        let isLess = rows.contains { row in
            !row.redacted.isEmpty || (row.userNID == user && (row.kind == .receipts || row.kind == .privateReceipts))
        }
        guard !isLess, numbers.reduce(0, { $0 + $1.count }) <= Self.maxCarriedOn else { return nil }
        for numbers in numbers where !numbers.isEmpty {
            guard try await add(numbers, of: room, for: user, to: &counts) else { return nil }
        }
        return Entry(floor: entry.floor, upTo: question.head, counts: counts)
    }

    /// Adds the events of one row.
    ///
    /// - Returns: false when they do not tell it all.
    private func add(
        _ numbers: [EventNID], of room: RoomRecord, for user: UserNID, to counts: inout UnreadCounts
    ) async throws -> Bool {
        let found = try await events.events(numbers, in: room)
        guard found.count == numbers.count else { return false }
        for event in found.values.sorted(by: { $0.nid < $1.nid }) where event.stored.flags.isShown {
            let (flags, isOwn) = (event.stored.flags, event.stored.senderNID == user)
            if isOwn, event.event.type == EventType.member { continue }
            var root: EventID?
            if flags.contains(.inThread) {
                // It may be in the thread of something that it relates to.
                guard let named = event.event.threadRoot else { return false }
                root = named
            }
            guard !isOwn else {
                counts.read(root)
                continue
            }
            let actions = try await actions(of: event, for: user)
            guard !actions.isEmpty, event.stored.redactedBy == nil else { continue }
            counts.add(actions, to: root)
        }
        return true
    }

    private func actions(of event: RoomEvent, for user: UserNID) async throws -> NotificationActions {
        let byDefault: NotificationActions = event.stored.flags.contains(.notifies) ? .notifies : []
        guard event.stored.flags.contains(.hasNotificationExceptions) else { return byDefault }
        let topic = ExceptionTopic(
            roomNID: event.stored.roomNID, userNID: user, position: event.stored.position)
        let found = try await exceptions.ask([topic]) { [store] in try await store.exceptions($0) }
        return found[topic]?[event.nid] ?? byDefault
    }
}

extension UnreadCounts {
    /// The user has sent something to the main timeline or to a thread, and so read what was there.
    fileprivate mutating func read(_ root: EventID?) {
        guard let root else {
            main = UnreadCount()
            isCut = false
            return
        }
        threads[root] = nil
    }

    fileprivate mutating func add(_ actions: NotificationActions, to root: EventID?) {
        guard actions.contains(.notifies) else { return }
        var count = root.map { threads[$0] ?? UnreadCount() } ?? main
        // More than is looked at is not told either.
        if root != nil || !isCut { count.notifications = min(count.notifications + 1, Int(ReceiptStore.maxUnread)) }
        if actions.contains(.highlights) { count.highlights += 1 }
        if let root { threads[root] = count } else { main = count }
    }
}
