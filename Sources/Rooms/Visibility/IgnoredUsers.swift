package import Cluster
package import MatrixCore
package import Storage

/// Whom users ignore, kept in memory for as long as the log shows no change of it.
package final class IgnoredUsers: Sendable {
    private static let type = "m.ignored_user_list"
    /// More than this nobody reads; the rest is not ignored.
    private static let maxIgnored = 10_000

    private let store: AccountDataStore
    private let memory: AccountDataMemory<Set<UserID>>

    package init(store: AccountDataStore, feed: LogFeed) {
        self.store = store
        memory = AccountDataMemory(feed: feed)
    }

    package func users(ignoredBy user: UserNID) async throws -> Set<UserID> {
        try await memory.value(of: user) {
            Self.parse(try await store.data(Self.type, in: nil, of: user)?.content)
        }
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mignored_user_list
    private static func parse(_ content: [UInt8]?) -> Set<UserID> {
        guard let content, let document = try? JSONDocument(parsing: content),
            let users = document["ignored_users"]?.object
        else { return [] }
        return Set(users.lazy.prefix(maxIgnored).compactMap { UserID($0.key) })
    }
}
