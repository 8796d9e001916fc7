package import MatrixCore
package import Storage
import Synchronization

/// In which rooms users are, since when, and until when they were in others: kept in memory for as long as the log shows no
/// change of it.
///
/// To be made before what follows the same feed and rests on it, such as `UserWatches`: so that it lets go of what a row made
/// old before others are told of the row.
package final class JoinedRooms: Sendable {
    /// Rooms of all users together.
    private static let maxCached = 1_000_000
    /// Users of one query.
    private static let usersAtOnce = 500

    private struct Readings {
        var last: UInt64 = 0
        /// Whose memberships changed while somebody reads.
        var changed: [UInt64: Set<UserNID>] = [:]
    }

    private let store: MembershipStore
    private let cache = GenerationalCache<UserNID, RoomStays>(maxWeight: maxCached) { stays in
        stays.joined.count + stays.left.count + 1
    }
    private let readings = Mutex(Readings())

    package init(store: MembershipStore, feed: LogFeed) {
        self.store = store
        _ = feed.observe { [weak self] row in self?.follow(row) }
    }

    private func follow(_ row: LogRow) {
        let members = row.membersChanged
        guard !members.isEmpty else { return }
        for member in members { cache.remove(member) }
        readings.withLock { readings in
            for number in readings.changed.keys { readings.changed[number]?.formUnion(members) }
        }
    }

    /// The rooms that each of the users is or was in.
    ///
    /// Cost: from memory; a query for each 500 of those who are not in it.
    package func stays(of users: some Sequence<UserNID>) async throws -> [UserNID: RoomStays] {
        var found: [UserNID: RoomStays] = [:]
        var unknown: [UserNID] = []
        for user in users where found[user] == nil {
            if let stays = cache[user] { found[user] = stays } else { unknown.append(user) }
        }
        for start in stride(from: 0, to: unknown.count, by: Self.usersAtOnce) {
            let some = Array(unknown[start..<min(start + Self.usersAtOnce, unknown.count)])
            found.merge(try await read(some)) { _, new in new }
        }
        return found
    }

    private func read(_ users: [UserNID]) async throws -> [UserNID: RoomStays] {
        let number = readings.withLock { readings in
            readings.last += 1
            readings.changed[readings.last] = []
            return readings.last
        }
        defer { readings.withLock { $0.changed[number] = nil } }
        let found = try await store.stays(of: users)
        // What changed meanwhile may have been read as it was before.
        let changed = readings.withLock { $0.changed[number] ?? [] }
        for user in users where !changed.contains(user) { cache.keep(found[user] ?? RoomStays(), for: user) }
        return found
    }
}
