package import MatrixCore
package import Postgres

/// One type of a user's account data.
package struct AccountDataRecord: Sendable, Hashable {
    /// `nil` for the global account data.
    package let roomNID: RoomNID?
    package let type: String
    /// A JSON object; `nil` when it was deleted.
    package let content: [UInt8]?
    /// A position of the user's shard.
    package let position: Int64
}

/// What became of a change of account data.
package enum AccountDataOutcome: Sendable {
    /// `nil`: there was nothing to delete.
    case written(LogPosition?)
    /// It is not what the caller had read.
    case hasChanged
    case tooMany
}

/// Account data, global and of rooms. Every change is a row of the user's log.
package struct AccountDataStore: Sendable {
    /// Types of data that a user may have, of all rooms together.
    package static let maxTypesPerUser: Int64 = 20_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The data and its position; `content` is `nil` when it was deleted.
    package func data(
        _ type: String, in room: RoomNID?, of user: UserNID
    ) async throws -> (content: [UInt8]?, position: Int64)? {
        let rows = try await pool.query(AccountDataStatements.one, user.rawValue, room?.rawValue ?? 0, type)
        return try rows.first?.decode(([UInt8]?, Int64).self)
    }

    /// Everything that the user has, of all rooms, without what was deleted.
    package func all(of user: UserNID) async throws -> [AccountDataRecord] {
        try (try await pool.query(AccountDataStatements.ofUser, user.rawValue)).map(Self.decode)
    }

    /// What was written after a position of the user's shard, deletions too, oldest first.
    package func changes(of user: UserNID, after position: Int64) async throws -> [AccountDataRecord] {
        try (try await pool.query(AccountDataStatements.since, user.rawValue, position)).map(Self.decode)
    }

    /// What the user has in some rooms, without what was deleted.
    package func all(of user: UserNID, in rooms: [RoomNID]) async throws -> [AccountDataRecord] {
        guard !rooms.isEmpty else { return [] }
        return try (try await pool.query(AccountDataStatements.ofRooms, user.rawValue, rooms.map(\.rawValue)))
            .map(Self.decode)
    }

    /// Data of some types, global and of all rooms, without what was deleted.
    package func all(of user: UserNID, types: [String]) async throws -> [AccountDataRecord] {
        try (try await pool.query(AccountDataStatements.ofTypes, user.rawValue, types)).map(Self.decode)
    }

    /// One type of global data of several users (whom they ignore, for instance); those without it are left out.
    package func global(_ type: String, of users: [UserNID]) async throws -> [UserNID: [UInt8]] {
        guard !users.isEmpty else { return [:] }
        var found: [UserNID: [UInt8]] = [:]
        for row in try await pool.query(AccountDataStatements.ofType, users.map(\.rawValue), type) {
            found[UserNID(try row.get(0, Int64.self))] = try row.get(1, [UInt8].self)
        }
        return found
    }

    private static func decode(_ row: PostgresRow) throws -> AccountDataRecord {
        let (room, type, content, position) = try row.decode((Int64, String, [UInt8]?, Int64).self)
        return AccountDataRecord(
            roomNID: room == 0 ? nil : RoomNID(room), type: type, content: content, position: position)
    }

    /// Writes data, or deletes it, together with its row of the log.
    ///
    /// - Parameters:
    ///   - content: a JSON object; `nil` deletes.
    ///   - expected: the position at which the data was read, 0 when it was not there; `nil` writes in any case.
    package func set(
        _ type: String, in room: RoomNID?, of user: UserRecord, to content: [UInt8]?, expected: Int64? = nil, now: Int64
    ) async throws -> AccountDataOutcome {
        let rows = try await pool.query(
            AccountDataStatements.set, user.shard, user.nid.rawValue, room?.rawValue, type, content, expected,
            Self.maxTypesPerUser, now)
        guard var row = rows.first else { throw StorageError.missing("set_account_data") }
        switch try row.next(Int16.self) {
        case 0: return .written(try LogPosition(optional: &row, shard: user.shard))
        case 1: return .hasChanged
        case 2: return .tooMany
        default: throw StorageError.corrupt("set_account_data")
        }
    }
}
