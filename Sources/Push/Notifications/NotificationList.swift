package import Cluster
package import MatrixCore
package import Rooms
package import Storage
import Telemetry

/// What a user was notified about, newest first.
///
/// Nothing is kept of it: it follows from what was decided when the events were written, and from the receipts.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#listing-notifications
package struct NotificationList: Sendable {
    package static let defaultLimit = 20
    package static let maxLimit = 100
    /// Looks at all rooms while there is nothing to tell of what was looked at.
    private static let maxRounds = 5

    private let store: NotificationStore
    private let receipts: ReceiptStore
    private let rooms: RoomService
    private let notifications: Notifications
    private let feed: LogFeed
    private let renderer: EventRenderer

    package init(
        store: NotificationStore, receipts: ReceiptStore, rooms: RoomService, notifications: Notifications,
        feed: LogFeed
    ) {
        self.store = store
        self.receipts = receipts
        self.rooms = rooms
        self.notifications = notifications
        self.feed = feed
        renderer = EventRenderer(reader: rooms.reader)
    }

    /// A page of the list.
    package struct Page: Sendable {
        /// Each a JSON object.
        package let notifications: [[UInt8]]
        /// Where the next page begins; `nil` when there is nothing more.
        package let next: String?
    }

    /// Who asks, and for what.
    package struct Request: Sendable {
        package var user: UserNID
        package var deviceID: String?
        /// The token of an earlier page.
        package var from: String?
        package var limit = NotificationList.defaultLimit
        package var onlyHighlights = false

        package init(user: UserNID, deviceID: String?) {
            self.user = user
            self.deviceID = deviceID
        }
    }

    /// - Throws: 400 `M_INVALID_PARAM` for a token of nobody's.
    /// - Cost: some ten queries, whatever the number of rooms.
    package func page(_ request: Request) async throws -> Page {
        let user = try await rooms.user(request.user)
        let limit = min(max(request.limit, 1), Self.maxLimit)
        var cursor: NotificationCursor
        if let from = request.from {
            guard let known = NotificationCursor(from, feed.installation) else {
                throw MatrixError.invalidParam("the token is of no list of notifications")
            }
            cursor = known
        } else {
            try await feed.reachPresent()
            cursor = NotificationCursor(startingAt: feed.heads)
        }
        var lanes = NotificationLanes()
        for _ in 0..<Self.maxRounds {
            let questions = try await questions(of: user, cursor)
            let found = try await store.newest(for: user.nid, in: questions, onlyHighlights: request.onlyHighlights)
            lanes = NotificationLanes(found, of: questions)
            if !lanes.isStuck { break }
            // Nothing of what was looked at counts: go on behind it.
            lanes.passOver(&cursor)
        }
        let events = lanes.take(limit, moving: &cursor)
        return Page(
            notifications: try await render(events, for: user, request.deviceID),
            next: lanes.hasMore ? cursor.encoded(feed.installation) : nil)
    }

    /// The rooms in which the user may have been notified.
    private func questions(of user: UserRecord, _ cursor: NotificationCursor) async throws -> [NotificationQuestion] {
        let present = try await rooms.reader.memberships.memberships(of: user.nid)
            .filter { $0.membership == .join || $0.membership == .invite }
        let records = try await rooms.reader.store.rooms(present.map(\.roomNID))
        return present.compactMap { membership in
            guard let room = records[membership.roomNID], membership.shard == room.shard else { return nil }
            let isJoined = membership.membership == .join
            return NotificationQuestion(
                room: room, floor: isJoined ? membership.joinedPosition : membership.position - 1, isJoined: isJoined,
                before: cursor.place(in: room.shard))
        }
    }

    // MARK: Rendering

    /// An event of the list with all that is told of it.
    private struct Entry {
        let notified: NotifiedEvent
        let event: RoomEvent
        let root: EventID?
        var isRead = false
    }

    private func render(
        _ notified: [NotifiedEvent], for user: UserRecord, _ deviceID: String?
    ) async throws -> [[UInt8]] {
        var rendered: [RoomEventNumber: [UInt8]] = [:]
        var entries: [Entry] = []
        let ignored = try await rooms.ignored.users(ignoredBy: user.nid)
        for (room, some) in Dictionary(grouping: notified, by: \.room) {
            var viewer = try await rooms.visibility.viewer(user, of: room)
            viewer.ignored = ignored
            let events = try await rooms.reader.events.events(some.map(\.number.event), in: room)
            let visible = try await rooms.visibility.visible(Array(events.values), to: viewer, in: room)
            let context = EventRenderer.Context(
                viewer: viewer, deviceID: deviceID, now: feed.clock.nowMilliseconds, includesRoomID: false)
            for (event, bytes) in zip(visible, try await renderer.render(visible, in: room, for: context)) {
                rendered[RoomEventNumber(room: room.nid, event: event.nid)] = bytes
            }
            let shown = Dictionary(uniqueKeysWithValues: visible.map { ($0.nid, $0) })
            for one in some {
                // What was redacted notifies nobody any more.
                guard let event = shown[one.number.event], event.stored.redactedBy == nil else { continue }
                entries.append(Entry(notified: one, event: event, root: try await root(of: event, in: room)))
            }
        }
        try await markRead(&entries, by: user.nid)
        // The newest first, as they were taken.
        let order = Dictionary(uniqueKeysWithValues: notified.enumerated().map { ($1.number, $0) })
        entries.sort { order[$0.notified.number] ?? 0 < order[$1.notified.number] ?? 0 }
        var told: [[UInt8]] = []
        for entry in entries {
            guard let event = rendered[entry.notified.number] else { continue }
            told.append(Self.write(entry, event, try await actions(of: entry, for: user)))
        }
        return told
    }

    private func root(of event: RoomEvent, in room: RoomRecord) async throws -> EventID? {
        guard event.stored.flags.contains(.inThread) else { return nil }
        return try await ThreadMembership.root(of: event.event) {
            try await rooms.reader.events.event($0, in: room)?.event
        }
    }

    private func markRead(_ entries: inout [Entry], by user: UserNID) async throws {
        let marks = try await receipts.marks(of: user, in: Array(Set(entries.map(\.notified.room.nid))))
        var open: [Int] = []
        for index in entries.indices {
            let (notified, root) = (entries[index].notified, entries[index].root)
            let threads: [ReceiptThread] = [.unthreaded, root.map { .thread(root: $0) } ?? .main]
            entries[index].isRead = threads.contains {
                marks[notified.room.nid]?[$0].map { notified.place <= $0 } ?? false
            }
            if !entries[index].isRead { open.append(index) }
        }
        let read = try await store.readBySending(open.map { (entries[$0].notified, entries[$0].root) }, by: user)
        for place in read where open.indices.contains(place) { entries[open[place]].isRead = true }
    }

    /// What the user's rules say now, if it still is what they said.
    private func actions(of entry: Entry, for user: UserRecord) async throws -> [PushAction] {
        let plain: [PushAction] = entry.notified.highlights ? [.notify, .highlight] : [.notify]
        guard let root = entry.event.stored.stateBefore else { return plain }
        let outcome = try await notifications.outcome(
            for: user, entry.event.event, state: rooms.reader.snapshot(of: entry.notified.room, at: root))
        guard let outcome, outcome.notifies, outcome.highlights == entry.notified.highlights else { return plain }
        return outcome.actions
    }

    private static func write(_ entry: Entry, _ event: [UInt8], _ actions: [PushAction]) -> [UInt8] {
        JSONWriter.write(reservingCapacity: event.count + 200) { writer in
            writer.object { writer in
                writer.field("actions", .array(actions.map(\.json)))
                writer.field("event", raw: event)
                writer.field("read", entry.isRead)
                writer.field("room_id", entry.notified.room.roomID)
                writer.field("ts", entry.notified.time)
            }
        }
    }
}
