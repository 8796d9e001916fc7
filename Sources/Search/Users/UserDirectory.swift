package import MatrixCore
package import Rooms
package import Storage

/// Somebody whom a search found.
package struct FoundUser: Sendable, Hashable {
    package let userID: UserID
    package let displayName: String?
    package let avatarURL: String?
}

/// Finds people by their names and ids, among those whom the searcher may know of: who shares a room with them, and who is in a
/// room that anybody may join or read.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#user-directory
package struct UserDirectory: Sendable {
    package static let defaultLimit = 10
    package static let maxLimit = 50
    /// What is searched for, in bytes and in words.
    private static let maxTermBytes = 512
    private static let maxWords = 8

    private let store: UserDirectoryStore
    private let ignored: IgnoredUsers

    package init(store: UserDirectoryStore, rooms: RoomService) {
        self.store = store
        ignored = rooms.ignored
    }

    /// The best matches first.
    ///
    /// - Parameter term: words each of which begins a word of a name or user id; or the beginning of a user id with its `@`.
    /// - Returns: at most `limit` people, and whether there are more.
    /// - Throws: 400 `M_INVALID_PARAM` for a term that is too long.
    /// - Cost: one query.
    package func search(
        _ term: String, by user: UserNID, limit: Int
    ) async throws -> (users: [FoundUser], isLimited: Bool) {
        guard term.utf8.count <= Self.maxTermBytes else { throw MatrixError.invalidParam("search_term is too long") }
        let limit = min(max(limit, 1), Self.maxLimit)
        let text = term.lowercased().filter { $0 != "\0" }.trimmed
        var query = DirectoryQuery(words: DirectoryWords.words(of: text, atMost: Self.maxWords), term: text)
        if text.first == "@" {
            // The server's part is compared as it is, since only a few of the words would tell of it.
            let localpart = text.dropFirst().prefix { $0 != ":" }
            query.words = DirectoryWords.words(of: String(localpart), atMost: Self.maxWords)
            query.idPrefix = text
        }
        guard !query.words.isEmpty else { return ([], false) }
        query.excluded = Array(try await ignored.users(ignoredBy: user))
        let found = try await store.search(query, by: user, limit: limit + 1)
        let users = found.prefix(limit).map {
            FoundUser(userID: $0.userID, displayName: $0.displayName, avatarURL: $0.avatarURL)
        }
        return (users, found.count > limit)
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
