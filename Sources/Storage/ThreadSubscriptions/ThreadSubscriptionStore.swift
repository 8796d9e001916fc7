package import MatrixCore
package import Postgres

/// The newest state of a user's subscription to a thread.
package struct ThreadSubscriptionRecord: Sendable, Hashable {
    package let roomNID: RoomNID
    package let root: EventID
    /// Whether a client subscribed by itself; `nil` when the user does not follow the thread any more.
    package let automatic: Bool?
    /// A position of the user's shard. It orders changes, of one thread and of all.
    package let position: Int64
}

/// What became of a wish to subscribe.
package enum ThreadSubscriptionOutcome: Sendable, Hashable {
    case written(LogPosition)
    /// The subscription was as good already.
    case unchanged
    /// The user has unsubscribed after the event that should have caused it.
    case hasUnsubscribedSince
    case tooMany
}

/// Which threads users follow. Every change is a row of the user's log.
package struct ThreadSubscriptionStore: Sendable {
    /// Threads that a user follows or has followed.
    package static let maxPerUser: Int64 = 50_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Whether the subscription was automatic; `nil` when there is none.
    package func subscription(of user: UserNID, to root: EventID, in room: RoomNID) async throws -> Bool? {
        let rows = try await pool.query(
            ThreadSubscriptionStatements.one, user.rawValue, room.rawValue, root.description)
        return try rows.first?.get(0, Bool?.self)
    }

    /// The newest changes with `after < position <= upTo`, newest first.
    package func changes(
        of user: UserNID, after: Int64, upTo: Int64, limit: Int
    ) async throws -> [ThreadSubscriptionRecord] {
        let rows = try await pool.query(
            ThreadSubscriptionStatements.changes, user.rawValue, after, upTo, Int64(limit))
        return try rows.map { row in
            let (room, root, automatic, position) = try row.decode((Int64, String, Bool?, Int64).self)
            guard let root = EventID(root) else { throw StorageError.corrupt("thread_subscriptions.root_id") }
            return ThreadSubscriptionRecord(
                roomNID: RoomNID(room), root: root, automatic: automatic, position: position)
        }
    }

    /// - Parameter cause: the event for which a client subscribes by itself; `nil` when the user does.
    package func subscribe(
        _ user: UserRecord, to root: EventID, in room: RoomNID, because cause: StoredEvent?, now: Int64
    ) async throws -> ThreadSubscriptionOutcome {
        let rows = try await pool.query(
            ThreadSubscriptionStatements.subscribe, user.shard, user.nid.rawValue, room.rawValue, root.description,
            cause != nil, cause?.position ?? 0, cause?.depth ?? 0, Self.maxPerUser, now)
        guard var row = rows.first else { throw StorageError.missing("subscribe_to_thread") }
        switch try row.next(Int16.self) {
        case 0:
            let (position, previous) = (try row.next(Int64.self), try row.next(Int64.self))
            return .written(LogPosition(shard: user.shard, position: position, previous: previous))
        case 1: return .unchanged
        case 2: return .hasUnsubscribedSince
        case 3: return .tooMany
        default: throw StorageError.corrupt("subscribe_to_thread")
        }
    }

    /// - Parameters:
    ///   - position: how far the room's log is, and `depth` its graph: what is not after that subscribes nobody again.
    /// - Returns: `nil` when there was no subscription.
    package func unsubscribe(
        _ user: UserRecord, from root: EventID, in room: RoomNID, position: Int64, depth: Int64, now: Int64
    ) async throws -> LogPosition? {
        let rows = try await pool.query(
            ThreadSubscriptionStatements.unsubscribe, user.shard, user.nid.rawValue, room.rawValue, root.description,
            position, depth, now)
        guard var row = rows.first, let written = try row.next(Int64?.self) else { return nil }
        return LogPosition(shard: user.shard, position: written, previous: try row.next(Int64.self))
    }
}
