package import MatrixCore
package import Storage
package import Telemetry

/// Backups of room keys, which users keep here, encrypted for themselves.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups
package struct KeyBackups: Sendable {
    let store: KeyBackupStore
    let clock: any Clock

    package init(store: KeyBackupStore, clock: any Clock) {
        self.store = store
        self.clock = clock
    }

    // MARK: Backups

    /// Begins a new backup; the ones before are only read from then on.
    ///
    /// - Returns: its version.
    /// - Throws: `M_RESOURCE_LIMIT_EXCEEDED` when the user has too many.
    package func create(_ description: KeyBackupDescription, for user: UserNID) async throws -> String {
        let creation = try await store.create(
            algorithm: description.algorithm, authData: description.authData, of: user, now: clock.nowMilliseconds)
        switch creation {
        case .made(let version): return String(version)
        case .tooMany: throw MatrixError(.resourceLimitExceeded, "You have too many key backups: delete some first")
        case .noAccount: throw MatrixError(.userDeactivated, "This account has been deactivated")
        }
    }

    /// - Parameter version: `nil` for the newest backup.
    /// - Throws: `M_NOT_FOUND`.
    package func backup(_ version: String?, of user: UserNID) async throws -> KeyBackup {
        KeyBackup(try await record(version, of: user))
    }

    private func record(_ version: String?, of user: UserNID) async throws -> KeyBackupRecord {
        let number: Int64? = if let version { try Self.number(of: version) } else { nil }
        guard let backup = try await store.backup(number, of: user) else {
            throw version == nil ? MatrixError.notFound("There is no key backup") : Self.unknownVersion
        }
        return backup
    }

    /// Changes the `auth_data` of a backup.
    ///
    /// - Throws: `M_NOT_FOUND`; `M_INVALID_PARAM` when the algorithm is not the backup's.
    package func update(_ version: String, _ description: KeyBackupDescription, of user: UserNID) async throws {
        let isDone = try await store.update(
            Self.number(of: version), algorithm: description.algorithm, authData: description.authData, of: user)
        guard let isDone else { throw Self.unknownVersion }
        guard isDone else { throw MatrixError.invalidParam("The algorithm of a key backup cannot change") }
    }

    /// Deletes a backup with all that is in it; one that was deleted before is fine.
    ///
    /// - Throws: `M_NOT_FOUND`.
    package func delete(_ version: String, of user: UserNID) async throws {
        guard try await store.delete(Self.number(of: version), of: user, now: clock.nowMilliseconds) else {
            throw Self.unknownVersion
        }
    }

    // MARK: Keys

    /// Backs up keys. A key that is in the backup already stays, unless the new one is better: verified, or else of an
    /// earlier message, or else forwarded less often.
    ///
    /// - Throws: `M_NOT_FOUND`; `M_WRONG_ROOM_KEYS_VERSION` when it is not the newest backup; `M_RESOURCE_LIMIT_EXCEEDED`
    ///   when the backup is full.
    /// - Cost: one statement.
    package func put(
        _ batch: KeyBackupBatch, in version: String, of user: UserNID
    ) async throws -> KeyBackup.Contents {
        switch try await store.put(batch.keys, in: Self.number(of: version), of: user) {
        case .done(let contents): return KeyBackup.Contents(contents)
        case .noBackup: throw Self.unknownVersion
        case .notTheNewest(let newest):
            throw MatrixError(
                .wrongRoomKeysVersion, "Wrong backup version.", fields: ["current_version": .string(String(newest))])
        case .tooManyKeys: throw MatrixError(.resourceLimitExceeded, "The key backup is full")
        }
    }

    /// A key as JSON.
    ///
    /// - Throws: `M_NOT_FOUND`.
    package func key(
        room: String, session: String, in version: String, of user: UserNID
    ) async throws -> [UInt8] {
        guard let key = try await store.key(room: room, session: session, in: Self.number(of: version), of: user)
        else { throw MatrixError.notFound("Key not found") }
        return JSONWriter.write { key.write(to: &$0) }
    }

    /// The keys of a backup, or of one room in it, as they are answered.
    ///
    /// - Parameter room: `nil` for all rooms.
    /// - Throws: `M_NOT_FOUND` when there is no such backup.
    package func keys(in version: String, room: String? = nil, of user: UserNID) async throws -> BackedUpKeyPieces {
        let generation = try await record(version, of: user).generation
        return BackedUpKeyPieces(
            firstKeys: try await store.keys(of: user, generation: generation, in: room, after: nil), room: room
        ) { [store] previous in
            try await store.keys(of: user, generation: generation, in: room, after: previous)
        }
    }

    /// Deletes the key of a session, the keys of a room, or, without either, all.
    ///
    /// - Throws: `M_NOT_FOUND` when there is no such backup. Keys that are not there are no error.
    package func deleteKeys(
        room: String? = nil, session: String? = nil, in version: String, of user: UserNID
    ) async throws -> KeyBackup.Contents {
        let left = try await store.deleteKeys(room: room, session: session, in: Self.number(of: version), of: user)
        guard let left else { throw Self.unknownVersion }
        return KeyBackup.Contents(left)
    }

    private static var unknownVersion: MatrixError { .notFound("Unknown backup version") }

    /// - Throws: `M_NOT_FOUND` when no backup is called so.
    private static func number(of version: String) throws(MatrixError) -> Int64 {
        guard let number = Int64(version), String(number) == version else { throw unknownVersion }
        return number
    }
}
