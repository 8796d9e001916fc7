package import MatrixCore
package import Postgres

/// Backups of room keys, and the keys in them.
package struct KeyBackupStore: Sendable {
    /// Backups that a user may have at once.
    package static let maxBackups: Int64 = 50
    /// Deleted ones of which it is still known that they were there.
    package static let maxDeleted: Int64 = 100
    /// Keys that a backup may hold: a session a day in each of 1,000 rooms for years.
    package static let maxKeys: Int64 = 1_000_000
    /// Keys that are read at once.
    package static let keysAtOnce = 256
    /// Keys of deleted backups that are removed at once.
    package static let purgedAtOnce: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Backups

    package func create(
        algorithm: String, authData: [UInt8], of user: UserNID, now: Int64
    ) async throws -> KeyBackupCreation {
        let rows = try await pool.query(
            KeyBackupStatements.create, user.rawValue, algorithm, authData, Self.maxBackups, Self.maxDeleted, now)
        guard let row = rows.first else { throw StorageError.missing("create_key_backup") }
        switch try row.decode((Int16, Int64?).self) {
        case (0, let version?): return .made(version: version)
        case (1, _): return .tooMany
        case (2, _): return .noAccount
        default: throw StorageError.corrupt("create_key_backup")
        }
    }

    /// - Parameter version: `nil` for the newest.
    package func backup(_ version: Int64?, of user: UserNID) async throws -> KeyBackupRecord? {
        let rows =
            if let version {
                try await pool.query(KeyBackupStatements.one, user.rawValue, version)
            } else {
                try await pool.query(KeyBackupStatements.newest, user.rawValue)
            }
        guard var row = rows.first else { return nil }
        return KeyBackupRecord(
            version: try row.next(Int64.self), algorithm: try row.next(String.self),
            authData: try row.next([UInt8].self), generation: try row.next(Int64.self),
            contents: KeyBackupContents(keyCount: try row.next(Int64.self), revision: try row.next(Int64.self)))
    }

    /// Changes what a backup says of itself.
    ///
    /// - Returns: false when it has another algorithm, `nil` when there is no such backup. Nothing is changed then.
    package func update(
        _ version: Int64, algorithm: String, authData: [UInt8], of user: UserNID
    ) async throws -> Bool? {
        let rows = try await pool.query(KeyBackupStatements.update, user.rawValue, version, algorithm, authData)
        return try rows.first?.get(0, Bool.self)
    }

    /// Deletes a backup. Its keys go later, see ``purge()``.
    ///
    /// - Returns: whether there is or was such a backup.
    /// - Cost: the same however large it is.
    package func delete(_ version: Int64, of user: UserNID, now: Int64) async throws -> Bool {
        let rows = try await pool.query(KeyBackupStatements.delete, user.rawValue, version, now)
        guard let row = rows.first else { throw StorageError.missing("delete_key_backup") }
        return try row.get(0, Bool.self)
    }

    // MARK: Keys

    /// Puts keys into the newest backup; a key that is there stays when it is as good.
    ///
    /// - Parameter keys: no two of the same session of a room.
    /// - Cost: one statement.
    package func put(_ keys: [BackedUpKey], in version: Int64, of user: UserNID) async throws -> BackingUpOutcome {
        let rows = try await pool.query(
            KeyBackupStatements.put, user.rawValue, version, keys.map(\.roomID), keys.map(\.sessionID),
            keys.map(\.isVerified), keys.map(\.firstMessageIndex), keys.map(\.forwardedCount), keys.map(\.sessionData),
            Self.maxKeys)
        guard let row = rows.first else { throw StorageError.missing("put_backed_up_keys") }
        switch try row.decode((Int16, Int64?, Int64?, Int64?).self) {
        case (0, _, let count?, let revision?): return .done(KeyBackupContents(keyCount: count, revision: revision))
        case (1, _, _, _): return .noBackup
        case (2, let version?, _, _): return .notTheNewest(version: version)
        case (3, _, _, _): return .tooManyKeys
        default: throw StorageError.corrupt("put_backed_up_keys")
        }
    }

    package func key(
        room: String, session: String, in version: Int64, of user: UserNID
    ) async throws -> BackedUpKey? {
        let rows = try await pool.query(KeyBackupStatements.key, user.rawValue, version, room, session)
        return try rows.first.map(Self.decode)
    }

    /// Keys of a generation in the order of rooms and sessions, ``keysAtOnce`` at most.
    ///
    /// - Parameters:
    ///   - room: whose keys; `nil` for all.
    ///   - previous: the key after which they begin.
    package func keys(
        of user: UserNID, generation: Int64, in room: String?, after previous: BackedUpKey?
    ) async throws -> [BackedUpKey] {
        let (user, session, limit) = (user.rawValue, previous?.sessionID ?? "", Int64(Self.keysAtOnce))
        let rows =
            if let room {
                try await pool.query(KeyBackupStatements.roomPage, user, generation, room, session, limit)
            } else {
                try await pool.query(
                    KeyBackupStatements.page, user, generation, previous?.roomID ?? "", session, limit)
            }
        return try rows.map(Self.decode)
    }

    /// Deletes keys of a backup.
    ///
    /// - Parameters:
    ///   - room: `nil` deletes all that are in the backup.
    ///   - session: `nil` deletes all of the room.
    /// - Returns: what is left; `nil` when there is no such backup.
    package func deleteKeys(
        room: String?, session: String?, in version: Int64, of user: UserNID
    ) async throws -> KeyBackupContents? {
        let rows = try await pool.query(KeyBackupStatements.deleteKeys, user.rawValue, version, room, session)
        guard let (count, revision) = try rows.first?.decode((Int64, Int64).self) else { return nil }
        return KeyBackupContents(keyCount: count, revision: revision)
    }

    /// Removes ``purgedAtOnce`` of the keys that are in no backup any more. Several workers may do it at once.
    ///
    /// - Returns: false when there is nothing left to remove.
    package func purge() async throws -> Bool {
        let rows = try await pool.query(KeyBackupStatements.purge, Self.purgedAtOnce)
        guard let row = rows.first else { throw StorageError.missing("purge_backup_keys") }
        return try row.get(0, Bool.self)
    }

    private static func decode(_ row: PostgresRow) throws -> BackedUpKey {
        var row = row
        return BackedUpKey(
            roomID: try row.next(String.self), sessionID: try row.next(String.self),
            isVerified: try row.next(Bool.self), firstMessageIndex: try row.next(Int64.self),
            forwardedCount: try row.next(Int64.self), sessionData: try row.next([UInt8].self))
    }
}
