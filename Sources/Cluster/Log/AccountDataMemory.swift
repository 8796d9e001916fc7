package import MatrixCore
package import Storage

/// What is made of users' account data, or of what else the log tells changes of, kept in memory for as long as it shows none.
package struct AccountDataMemory<Made: Sendable>: Sendable {
    private struct Entry: Sendable {
        /// What the log was when it was read.
        let at: LogVector
        let made: Made
    }

    private let feed: LogFeed
    private let kind: LogKind
    private let cache: GenerationalCache<UserNID, Entry>

    package init(feed: LogFeed, kind: LogKind = .accountData, maxUsers: Int = 20_000) {
        self.feed = feed
        self.kind = kind
        cache = GenerationalCache(maxWeight: maxUsers)
    }

    /// What was made of the user's data, made anew after a change.
    package func value(of user: UserNID, making make: () async throws -> Made) async throws -> Made {
        let at = feed.heads
        if let made = remembered(of: user, at: at) { return made }
        let made = try await make()
        cache.keep(Entry(at: at, made: made), for: user)
        return made
    }

    /// The same of several users; what has to be made is made for all of them at once.
    package func values(
        of users: Set<UserNID>, making make: (Set<UserNID>) async throws -> [UserNID: Made]
    ) async throws -> [UserNID: Made] {
        let at = feed.heads
        var found: [UserNID: Made] = [:]
        for user in users { found[user] = remembered(of: user, at: at) }
        let unknown = users.filter { found[$0] == nil }
        guard !unknown.isEmpty else { return found }
        for (user, made) in try await make(unknown) {
            cache.keep(Entry(at: at, made: made), for: user)
            found[user] = made
        }
        return found
    }

    private func remembered(of user: UserNID, at: LogVector) -> Made? {
        guard let entry = cache[user] else { return nil }
        let isCurrent = feed.withWindow { window in
            window.reaches(entry.at) && !window.rows(of: user, since: entry.at).contains { $0.kind == kind }
        }
        guard isCurrent else { return nil }
        cache.keep(Entry(at: at, made: entry.made), for: user)
        return entry.made
    }
}
