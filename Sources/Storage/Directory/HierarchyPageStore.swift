package import MatrixCore
package import Postgres

/// Where a walk through a space goes on: whose it is, and of what. A token is good for nothing else.
package struct HierarchyPageKey: Sendable, Hashable {
    package let user: UserNID
    package let roomID: RoomID
    package let isSuggestedOnly: Bool
    /// `nil` when the client gave none.
    package let maxDepth: Int?

    package init(user: UserNID, roomID: RoomID, isSuggestedOnly: Bool, maxDepth: Int?) {
        self.user = user
        self.roomID = roomID
        self.isSuggestedOnly = isSuggestedOnly
        self.maxDepth = maxDepth
    }
}

/// The pages of walks through spaces, kept for a while, so that any worker can go on.
package struct HierarchyPageStore: Sendable {
    /// Pages that a user has at the same time; the oldest make place.
    private static let maxPerUser: Int64 = 20

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func keep(
        _ position: [UInt8], as token: String, of key: HierarchyPageKey, now: Int64, expires: Int64
    ) async throws {
        _ = try await pool.query(
            DirectoryStatements.keepPage, token, key.user.rawValue, key.roomID.description, key.isSuggestedOnly,
            key.maxDepth.map { Int32(clamping: $0) }, position, now, expires, Self.maxPerUser)
    }

    /// - Returns: `nil` for what is no token, is another walk's, or has expired.
    package func position(_ token: String, of key: HierarchyPageKey, now: Int64) async throws -> [UInt8]? {
        let rows = try await pool.query(
            DirectoryStatements.page, token, key.user.rawValue, key.roomID.description, key.isSuggestedOnly,
            key.maxDepth.map { Int32(clamping: $0) }, now)
        return try rows.first?.get(0, [UInt8].self)
    }
}
