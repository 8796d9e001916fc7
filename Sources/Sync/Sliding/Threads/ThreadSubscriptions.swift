package import Cluster
package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// Which threads a user follows.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4306
package struct ThreadSubscriptions: Sendable {
    /// Changes told at once.
    package static let maxPage = 500

    private let rooms: RoomService
    private let store: ThreadSubscriptionStore
    private let feed: LogFeed
    private let clock: any Clock

    package init(rooms: RoomService, store: ThreadSubscriptionStore, feed: LogFeed, clock: any Clock) {
        self.rooms = rooms
        self.store = store
        self.feed = feed
        self.clock = clock
    }

    /// Whether the user's subscription was made by a client by itself.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when there is none, and for a thread that the user cannot see.
    package func subscription(to root: EventID, in roomID: RoomID, of user: UserNID) async throws -> Bool {
        let user = try await rooms.user(user)
        let (readable, _) = try await thread(root, in: roomID, user)
        guard let automatic = try await store.subscription(of: user.nid, to: root, in: readable.room.nid) else {
            throw MatrixError.notFound("Not subscribed")
        }
        return automatic
    }

    /// Subscribes the user.
    ///
    /// - Parameter cause: the event for which a client subscribes by itself; `nil` when the user does.
    /// - Throws: 404 `M_NOT_FOUND` for a thread or an event that the user cannot see, 400 `M_NOT_IN_THREAD` when the event is
    ///   not in the thread, 409 `M_CONFLICTING_UNSUBSCRIPTION` when the user has unsubscribed after it.
    package func subscribe(to root: EventID, in roomID: RoomID, of user: UserNID, because cause: EventID?) async throws
    {
        let user = try await rooms.user(user)
        let (readable, _) = try await thread(root, in: roomID, user)
        var reason: RoomEvent?
        if let cause {
            let event = try await rooms.event(cause, in: readable)
            guard event.event.threadRoot == root else {
                throw MatrixError(.notInThread, "The event is not in the thread")
            }
            reason = event
        }
        let outcome = try await store.subscribe(
            user, to: root, in: readable.room.nid, because: reason?.stored, now: clock.nowMilliseconds)
        switch outcome {
        case .written(let position): announce(position, readable.room, user)
        case .unchanged: break
        case .hasUnsubscribedSince:
            throw MatrixError(.conflictingUnsubscription, "The thread was unsubscribed from after this event")
        case .tooMany: throw MatrixError(.resourceLimitExceeded, "This account follows too many threads")
        }
    }

    /// Ends a subscription; that there is none is no error.
    ///
    /// - Throws: 404 `M_NOT_FOUND` for a thread that the user cannot see.
    package func unsubscribe(from root: EventID, in roomID: RoomID, of user: UserNID) async throws {
        let user = try await rooms.user(user)
        let (readable, event) = try await thread(root, in: roomID, user)
        let room = readable.room
        guard let head = try await rooms.reader.head(of: room) else { throw MatrixError.unknownEvent }
        let ends = try await rooms.reader.events.events(head.extremities, in: room).values
        let depth = ends.map(\.stored.depth).max() ?? event.stored.depth
        let written = try await store.unsubscribe(
            user, from: root, in: room.nid, position: head.position, depth: depth, now: clock.nowMilliseconds)
        if let written { announce(written, room, user) }
    }

    private func announce(_ position: LogPosition, _ room: RoomRecord, _ user: UserRecord) {
        feed.announce(.threadSubscriptions, at: position, room: room.nid, user: user.nid)
    }

    /// The root of a thread, for who may see it.
    private func thread(
        _ root: EventID, in roomID: RoomID, _ user: UserRecord
    ) async throws -> (readable: ReadableRoom, root: RoomEvent) {
        let readable: ReadableRoom
        do { readable = try await rooms.readableRoom(roomID, by: user) } catch let error as MatrixError {
            // Whether there is such a room is nobody's business who cannot see it.
            throw error.status == 403 ? MatrixError.unknownEvent : error
        }
        return (readable, try await rooms.event(root, in: readable))
    }

    // MARK: Changes

    /// A page of the newest changes after a position of the user's shard and up to another.
    func changes(of user: UserRecord, after: Int64, upTo: Int64, limit: Int) async throws -> SlidingExtensions.Threads {
        let limit = min(max(limit, 1), Self.maxPage)
        var found = try await store.changes(of: user.nid, after: after, upTo: upTo, limit: limit + 1)
        var page = SlidingExtensions.Threads()
        if found.count > limit {
            found.removeLast()
            page.prevBatch = found.last.map { Self.token(before: $0.position) }
        }
        page.changes = found
        page.rooms = try await rooms.reader.store.rooms(Array(Set(found.map(\.roomNID)))).mapValues(\.roomID)
        return page
    }

    /// A page of changes, backwards.
    ///
    /// - Parameters:
    ///   - from: where a page ended, or `nil` for the newest.
    ///   - to: a position of a sync, up to which the client knows them.
    /// - Throws: 400 `M_INVALID_PARAM` for tokens of nobody's.
    package func page(
        of user: UserNID, from: String?, to: String?, limit: Int
    ) async throws -> SlidingExtensions.Threads {
        let user = try await rooms.user(user)
        try await feed.reachPresent(of: [user.shard])
        var upTo = feed.heads[user.shard]
        if let from {
            guard let position = Self.position(from) else { throw MatrixError.invalidParam("from is not valid") }
            upTo = min(upTo, position - 1)
        }
        var after: Int64 = 0
        if let to {
            let installation = feed.installation
            if let position = Self.position(to) {
                after = position
            } else if let token = SyncToken.ofAnySync(
                to, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            {
                after = token.log[user.shard]
            } else {
                throw MatrixError.invalidParam("to is not valid")
            }
        }
        return try await changes(of: user, after: after, upTo: upTo, limit: limit)
    }

    private static func token(before position: Int64) -> String { "c\(position)" }

    private static func position(_ token: String) -> Int64? {
        guard token.utf8.first == UInt8(ascii: "c"), let position = Int64(token.dropFirst()), position > 0 else {
            return nil
        }
        return position
    }
}
