package import Cluster
package import MatrixCore
package import Storage

/// What changed for a user between two places of the log. Both sync protocols are renderings of it.
package struct ChangeSet: Sendable {
    /// What happened in a room.
    package struct Room: Sendable {
        package let hasEvents: Bool
        package let hasReceipts: Bool
        /// The log's rows about it, oldest first; `nil` when they are not in memory any more.
        package let rows: [LogRow]?
    }

    /// Rooms that the user is in and where something happened.
    package var rooms: [RoomNID: Room]
    /// Kinds of the user's own rows. When they are not in memory any more, all that there may be.
    package var own: Set<LogKind>
    /// All rooms that the user has to do with and of which something was written, memberships included; `nil` when that is not
    /// in memory any more, and any may be.
    package var touched: Set<RoomNID>?
}

/// Finds out what changed, from memory when the worker's window reaches back far enough, else by index from the log.
package struct ChangeFinder: Sendable {
    private let feed: LogFeed
    private let log: LogStore

    package init(feed: LogFeed, log: LogStore) {
        self.feed = feed
        self.log = log
    }

    /// What changed after `since`, up to what the view has seen.
    ///
    /// Cost: no query on a warm worker, and what happened since, whatever the number of rooms; otherwise one query.
    package func changes(for view: UserView, since: LogVector) async throws -> ChangeSet {
        let remembered = feed.withWindow { window -> (rooms: [RoomNID: [LogRow]], own: [LogRow])? in
            guard window.reaches(since) else { return nil }
            return (window.rows(of: view.standings, since: since), window.rows(of: view.user.nid, since: since))
        }
        guard let remembered else { return try await stored(view, since) }
        // The feed may be ahead of the view by now: what is newer comes with the next sync.
        var rooms: [RoomNID: ChangeSet.Room] = [:]
        for (room, rows) in remembered.rooms where view.standings[room]?.membership == .join {
            let rows = rows.filter { $0.position <= view.heads[$0.shard] }
            guard !rows.isEmpty else { continue }
            rooms[room] = ChangeSet.Room(
                hasEvents: rows.contains { $0.kind == .roomEvents },
                hasReceipts: rows.contains { $0.isReceipt(for: view.user.nid) }, rows: rows)
        }
        let own = remembered.own.filter { $0.position <= view.heads[$0.shard] }
        return ChangeSet(
            rooms: rooms, own: Set(own.map(\.kind)),
            touched: Set(remembered.rooms.keys).union(own.compactMap(\.roomNID)))
    }

    private func stored(_ view: UserView, _ since: LogVector) async throws -> ChangeSet {
        let joined = view.standings.filter { $0.value.membership == .join }
        let changes = try await log.changes(in: joined.map { (room: $0.key, since: since[$0.value.shard]) })
        var rooms: [RoomNID: ChangeSet.Room] = [:]
        for change in changes where change.events || change.receipts {
            rooms[change.room] = ChangeSet.Room(hasEvents: change.events, hasReceipts: change.receipts, rows: nil)
        }
        return ChangeSet(
            rooms: rooms, own: [.accountData, .toDevice, .deviceLists, .membership, .pushRules, .threadSubscriptions])
    }
}

extension [LogRow] {
    /// The states between which the rows of a room have led.
    var states: Set<StateRoot> {
        var states: Set<StateRoot> = []
        for row in self {
            guard let state = row.state else { continue }
            states.insert(state.before)
            states.insert(state.after)
        }
        return states
    }
}

extension LogRow {
    fileprivate func isReceipt(for user: UserNID) -> Bool {
        kind == .receipts || (kind == .privateReceipts && userNID == user)
    }
}
