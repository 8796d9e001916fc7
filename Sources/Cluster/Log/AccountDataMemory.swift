package import MatrixCore
import Storage

/// What is made of users' account data, kept in memory for as long as the log shows no change of it.
package struct AccountDataMemory<Made: Sendable>: Sendable {
    private struct Entry: Sendable {
        /// What the log was when it was read.
        let at: LogVector
        let made: Made
    }

    private let feed: LogFeed
    private let cache: GenerationalCache<UserNID, Entry>

    package init(feed: LogFeed, maxUsers: Int = 20_000) {
        self.feed = feed
        cache = GenerationalCache(maxWeight: maxUsers)
    }

    /// What was made of the user's data, made anew after a change.
    package func value(of user: UserNID, making make: () async throws -> Made) async throws -> Made {
        let at = feed.heads
        if let entry = cache[user] {
            let isCurrent = feed.withWindow { window in
                window.reaches(entry.at)
                    && !window.rows(of: user, since: entry.at).contains { $0.kind == .accountData }
            }
            if isCurrent {
                cache.keep(Entry(at: at, made: entry.made), for: user)
                return entry.made
            }
        }
        let made = try await make()
        cache.keep(Entry(at: at, made: made), for: user)
        return made
    }
}
