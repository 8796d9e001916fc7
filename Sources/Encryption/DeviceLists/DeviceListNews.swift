package import Cluster
package import MatrixCore
package import Storage

/// What is remembered of rooms since a place of the log.
package struct RecentRooms: Sendable {
    /// All rooms of the user of which something was written, those that were left included.
    package let touched: Set<RoomNID>
    /// What was written of those that the user is in.
    package let rows: [RoomNID: [LogRow]]

    package init(touched: Set<RoomNID>, rows: [RoomNID: [LogRow]]) {
        self.touched = touched
        self.rows = rows
    }
}

/// Tells users whose devices they have to look at again: of those with whom they share a room, of those with whom they began to
/// share one, and of those with whom they share none any more.
///
/// What is told once too often costs a client one question; what is not told costs somebody's messages. So where both cannot be
/// had it is told.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync
package struct DeviceListNews: Sendable {
    /// Of more people it is not looked up in memory what rooms they are in.
    private static let maxLookedUp = 10_000

    private let store: DeviceListStore
    private let joined: JoinedRooms
    private let interning: Interning
    private let rooms: RoomStore
    private let feed: LogFeed

    /// - Parameter joined: made before the watches of which views are asked.
    package init(store: DeviceListStore, joined: JoinedRooms, interning: Interning, rooms: RoomStore, feed: LogFeed) {
        self.store = store
        self.joined = joined
        self.interning = interning
        self.rooms = rooms
        self.feed = feed
    }

    /// What a user has to know since a place of the log.
    ///
    /// - Parameter recent: what happened in the user's rooms since; `nil` when that is not in memory any more.
    /// - Cost: without news nothing. What others did comes from memory; where the user came into rooms or left some, or all this is
    ///   not remembered any more, one or two queries.
    package func changes(
        for view: UserView, since: LogVector, recent: RecentRooms?
    ) async throws -> DeviceListChanges {
        let remembered = feed.withWindow { window in
            window.reaches(since) ? window.deviceLists(since: since) : nil
        }
        guard let recent, let remembered else { return try await stored(view, since) }
        var told = Told(view: view, since: since)
        told.note(remembered)
        told.note(recent)
        guard !told.isNothing else { return DeviceListChanges() }
        let people = told.people
        guard people.count <= Self.maxLookedUp else { return try await stored(view, since) }
        let stays = try await joined.stays(of: people)
        for (person, stays) in stays { told.decide(on: person, stays) }
        let names = try await interning.users(told.changed.union(told.left))
        var changed = Set(told.changed.compactMap { names[$0]?.userID })
        var left = Set(told.left.compactMap { names[$0]?.userID })
        var question = try await question(view, since, among: recent.touched)
        if !question.entered.isEmpty || !question.departed.isEmpty {
            question.joined = view.standings.filter { $0.value.membership == .join }.map(\.key)
            let (met, lost) = try await store.meetings(question)
            changed.formUnion(met)
            left.formUnion(lost)
        }
        return DeviceListChanges(changed: changed, left: left)
    }

    /// The same when memory does not reach back so far.
    private func stored(_ view: UserView, _ since: LogVector) async throws -> DeviceListChanges {
        let joined = view.standings.filter { $0.value.membership == .join }
        var question = try await question(view, since, among: Set(view.standings.keys))
        question.joined = Array(joined.keys)
        question.present = joined.map { room, standing in
            MeetingsQuestion.Present(
                room: room, since: since[standing.shard], sharedSince: standing.sharedSince(since[standing.shard]))
        }
        let (met, lost) = try await store.meetings(question)
        var changed = Set(try await store.changed(in: question.joined, and: view.user.nid, since: since))
        changed.formUnion(met)
        changed.formUnion(try await store.signed(by: view.user.nid, after: since[view.user.shard]))
        return DeviceListChanges(changed: changed, left: Set(lost))
    }

    /// Asks about the rooms that the user came into and left.
    private func question(
        _ view: UserView, _ since: LogVector, among touched: Set<RoomNID>
    ) async throws -> MeetingsQuestion {
        var question = MeetingsQuestion(user: view.user.nid)
        var doubtful: [RoomNID: RoomStanding] = [:]
        for room in touched {
            guard let standing = view.standings[room], standing.position > since[standing.shard] else { continue }
            if standing.membership == .join {
                if standing.joinedPosition > since[standing.shard] { question.entered.append(room) }
            } else if standing.leftPosition > 0 {
                doubtful[room] = standing
            }
        }
        guard !doubtful.isEmpty else { return question }
        // The standing may have been written in the user's shard.
        let records = try await rooms.rooms(Array(doubtful.keys))
        for (room, standing) in doubtful {
            guard let shard = records[room]?.shard, standing.leftPosition > since[shard] else { continue }
            question.departed.append(
                MeetingsQuestion.Departed(room: room, since: since[shard], ended: standing.leftPosition))
        }
        return question
    }
}

extension RoomStanding {
    /// Since when a room that the user is in now was shared with others at most, if it is looked at from a position on.
    fileprivate func sharedSince(_ since: Int64) -> Int64 {
        joinedPosition <= since || leftPosition > since ? since : joinedPosition
    }
}

/// What one user is told, while it is found out.
private struct Told {
    let view: UserView
    let since: LogVector
    private(set) var changed: Set<UserNID> = []
    private(set) var left: Set<UserNID> = []
    /// Whose devices changed.
    private var updated: Set<UserNID> = []
    /// Whose membership changed in which rooms of the user.
    private var moved: [UserNID: [RoomNID]] = [:]
    private var hasMoved = false

    init(view: UserView, since: LogVector) {
        self.view = view
        self.since = since
    }

    var isNothing: Bool { updated.isEmpty && moved.isEmpty && changed.isEmpty && !hasMoved }
    var people: Set<UserNID> { updated.union(moved.keys) }

    mutating func note(_ rows: [LogRow]) {
        for row in rows where row.position <= view.heads[row.shard] {
            guard let user = row.userNID else { continue }
            if user == view.user.nid {
                changed.formUnion(row.tellsOfDevices ? [user] : row.memberNIDs)
            } else if row.tellsOfDevices {
                updated.insert(user)
            }
        }
    }

    mutating func note(_ recent: RecentRooms) {
        for (room, rows) in recent.rows {
            for row in rows where row.position <= view.heads[row.shard] {
                for member in row.membersChanged where member != view.user.nid {
                    moved[member, default: []].append(room)
                }
            }
        }
        hasMoved = recent.touched.contains { room in
            view.standings[room].map { $0.position > since[$0.shard] } ?? false
        }
    }

    /// - Parameter stays: the rooms in which somebody is, not before the view.
    mutating func decide(on person: UserNID, _ stays: RoomStays) {
        let rooms = moved[person] ?? []
        guard isShared(stays) else {
            let hasLeft = rooms.contains { room in
                guard let mine = view.standings[room], let ended = stays.left[room] else { return false }
                return ended > mine.sharedSince(since[mine.shard])
            }
            if hasLeft { left.insert(person) }
            return
        }
        if updated.contains(person) {
            changed.insert(person)
        } else if rooms.contains(where: { hasCome(into: $0, stays) }), !isSharedThroughout(stays) {
            changed.insert(person)
        }
    }

    private func hasCome(into room: RoomNID, _ stays: RoomStays) -> Bool {
        guard let mine = view.standings[room], mine.membership == .join, let joined = stays.joined[room] else {
            return false
        }
        return joined > since[mine.shard]
    }

    private func isShared(_ stays: RoomStays) -> Bool {
        if stays.joined.count <= view.standings.count {
            return stays.joined.keys.contains { view.standings[$0]?.membership == .join }
        }
        return view.standings.contains { $0.value.membership == .join && stays.joined[$0.key] != nil }
    }

    private func isSharedThroughout(_ stays: RoomStays) -> Bool {
        func isThroughout(_ mine: RoomStanding, _ joined: Int64) -> Bool {
            mine.membership == .join && mine.joinedPosition <= since[mine.shard] && joined <= since[mine.shard]
        }
        if stays.joined.count <= view.standings.count {
            return stays.joined.contains { room, joined in
                view.standings[room].map { isThroughout($0, joined) } ?? false
            }
        }
        return view.standings.contains { room, mine in stays.joined[room].map { isThroughout(mine, $0) } ?? false }
    }
}
