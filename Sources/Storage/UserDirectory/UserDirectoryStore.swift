package import MatrixCore
package import Postgres

/// A user as the directory is to have them.
package struct DirectoryProfile: Sendable {
    package let userNID: UserNID
    package let userID: UserID
    /// A room that the user is in, of those that anybody may know if there is one; `nil` without a room.
    package let roomNID: RoomNID?
    /// The member event of that room.
    package let memberEvent: [UInt8]?
    /// Of the profile of a local user, as JSON.
    package let displayName: [UInt8]?
    package let avatarURL: [UInt8]?
}

/// A user who can be found.
package struct DirectoryUser: Sendable, Hashable {
    package let userNID: UserNID
    package let userID: UserID
    package var displayName: String?
    package var avatarURL: String?
    /// The room whose members alone may know the name and picture, unless anybody may; `nil` for a local user.
    package var nameRoom: RoomNID?
    /// Words without spaces by which the user is found, and those of them that the user id has.
    package var words: [String]
    package var idWords: [String]

    package init(
        userNID: UserNID, userID: UserID, displayName: String?, avatarURL: String?, nameRoom: RoomNID?, words: [String],
        idWords: [String]
    ) {
        self.userNID = userNID
        self.userID = userID
        self.displayName = displayName
        self.avatarURL = avatarURL
        self.nameRoom = nameRoom
        self.words = words
        self.idWords = idWords
    }
}

/// Whom somebody looks for.
package struct DirectoryQuery: Sendable {
    /// What words begin with; at least one.
    package var words: [String]
    /// The whole of what was typed, in lower case.
    package var term: String
    /// How the user id begins.
    package var idPrefix = ""
    package var excluded: [UserID] = []

    package init(words: [String], term: String) {
        self.words = words
        self.term = term
    }
}

/// Somebody who was found.
package struct DirectoryHit: Sendable, Hashable {
    package let userID: UserID
    package let displayName: String?
    package let avatarURL: String?
}

/// Users as others find them, and the rooms that anybody may know.
package struct UserDirectoryStore: Sendable {
    /// Users with the words that are looked at more closely.
    private static let maxCandidates: Int64 = 2_000
    /// Rooms of each that are looked at.
    private static let maxRoomsOfEach: Int64 = 1_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func profiles(of users: [UserNID]) async throws -> [DirectoryProfile] {
        guard !users.isEmpty else { return [] }
        return try (try await pool.query(UserDirectoryStatements.profiles, users.map(\.rawValue))).map { row in
            var row = row
            let nid = UserNID(try row.next(Int64.self))
            guard let userID = UserID(try row.next(String.self)) else { throw StorageError.corrupt("users.user_id") }
            return DirectoryProfile(
                userNID: nid, userID: userID,
                roomNID: try row.next(Int64?.self).map { RoomNID($0) }, memberEvent: try row.next([UInt8]?.self),
                displayName: try row.next([UInt8]?.self), avatarURL: try row.next([UInt8]?.self))
        }
    }

    /// Writes users as they are found from now on; those in `gone` are not found any more.
    package func write(_ users: [DirectoryUser], gone: [UserNID]) async throws {
        guard !users.isEmpty || !gone.isEmpty else { return }
        try await pool.execute(
            UserDirectoryStatements.write, users.map(\.userNID.rawValue), users.map(\.userID.description),
            users.map(\.displayName), users.map(\.avatarURL), users.map(\.nameRoom?.rawValue),
            users.map { $0.words.joined(separator: " ") }, users.map { $0.idWords.joined(separator: " ") },
            gone.map(\.rawValue))
    }

    // MARK: Rooms that anybody may know

    /// Notes which rooms anybody may know, and which not.
    ///
    /// - Returns: those that were not noted so before.
    package func note(open: [RoomNID], closed: [RoomNID]) async throws -> [RoomNID] {
        var changed: [RoomNID] = []
        for (statement, rooms) in [(UserDirectoryStatements.open, open), (UserDirectoryStatements.close, closed)]
        where !rooms.isEmpty {
            changed += try (try await pool.query(statement, rooms.map(\.rawValue))).map {
                RoomNID(try $0.get(0, Int64.self))
            }
        }
        return changed
    }

    package func members(of room: RoomNID, after user: UserNID?, limit: Int) async throws -> [UserNID] {
        let rows = try await pool.query(
            UserDirectoryStatements.members, room.rawValue, user?.rawValue ?? 0, Int64(limit))
        return try rows.map { UserNID(try $0.get(0, Int64.self)) }
    }

    // MARK: Searching

    /// Whom somebody finds, the best first: only who shares a room with them, or is in one that anybody may know.
    package func search(_ query: DirectoryQuery, by user: UserNID, limit: Int) async throws -> [DirectoryHit] {
        guard !query.words.isEmpty else { return [] }
        let rows = try await pool.query(
            UserDirectoryStatements.search, user.rawValue, query.words, query.term,
            query.excluded.map(\.description), query.idPrefix, Self.maxCandidates, Self.maxRoomsOfEach, Int64(limit))
        return try rows.map { row in
            let (id, name, avatar) = try row.decode((String, String?, String?).self)
            guard let userID = UserID(id) else { throw StorageError.corrupt("directory_users.user_id") }
            return DirectoryHit(userID: userID, displayName: name, avatarURL: avatar)
        }
    }
}
