package import Cluster
package import MatrixCore
package import Storage

/// Whom users ignore, kept in memory for as long as the log shows no change of it.
package final class IgnoredUsers: Sendable {
    private static let type = "m.ignored_user_list"
    private static let maxCached = 20_000
    /// More than this nobody reads; the rest is not ignored.
    private static let maxIgnored = 10_000

    private struct Entry: Sendable {
        /// What the log was when it was read.
        let at: LogVector
        let users: Set<UserID>
    }

    private let store: AccountDataStore
    private let feed: LogFeed
    private let cache = GenerationalCache<UserNID, Entry>(maxWeight: maxCached)

    package init(store: AccountDataStore, feed: LogFeed) {
        self.store = store
        self.feed = feed
    }

    package func users(ignoredBy user: UserNID) async throws -> Set<UserID> {
        let at = feed.heads
        if let entry = cache[user] {
            let isCurrent = feed.withWindow { window in
                window.reaches(entry.at)
                    && !window.rows(of: user, since: entry.at).contains { $0.kind == .accountData }
            }
            if isCurrent {
                cache.keep(Entry(at: at, users: entry.users), for: user)
                return entry.users
            }
        }
        let users = Self.parse(try await store.data(Self.type, in: nil, of: user)?.content)
        cache.keep(Entry(at: at, users: users), for: user)
        return users
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mignored_user_list
    private static func parse(_ content: [UInt8]?) -> Set<UserID> {
        guard let content, let document = try? JSONDocument(parsing: content),
            let users = document["ignored_users"]?.object
        else { return [] }
        return Set(users.lazy.prefix(maxIgnored).compactMap { UserID($0.key) })
    }
}
