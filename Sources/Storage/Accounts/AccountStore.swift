package import MatrixCore
package import Postgres

/// Local accounts. What ends access also writes a row of the log (`LogKind.access`), so that workers forget cached tokens.
package struct AccountStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// `nil` when the user has no account: a remote user, or nobody.
    package func account(of user: UserNID) async throws -> AccountRecord? {
        guard var row = try await pool.query(AccountStatements.byUser, user.rawValue).first else { return nil }
        return AccountRecord(
            passwordHash: try row.next(String?.self), isAdministrator: try row.next(Bool.self),
            isGuest: try row.next(Bool.self), createdMilliseconds: try row.next(Int64.self),
            isDeactivated: try row.next(Bool.self), isLocked: try row.next(Bool.self),
            isSuspended: try row.next(Bool.self), isErased: try row.next(Bool.self))
    }

    /// Makes the account and spends its session, both or neither.
    ///
    /// - Parameter oldestSession: sessions from before are over.
    package func create(_ account: NewAccount, oldestSession: Int64, now: Int64) async throws -> AccountCreation {
        let displayName = account.displayName.map { JSONValue.string($0).canonicalBytes }
        let rows = try await pool.query(
            AccountStatements.create, account.user.nid.rawValue, account.passwordHash, account.isAdministrator,
            account.isGuest, displayName, account.session?.bytes, oldestSession, account.deviceID, now)
        guard let row = rows.first, let outcome = AccountCreation(rawValue: try row.get(0, Int16.self)) else {
            throw StorageError.corrupt("create_account")
        }
        return outcome
    }

    /// - Parameter closesDevices: ends all devices but `except`.
    /// - Returns: `nil` when there is no such active account; else where the log tells of ended devices, if any ended.
    package func setPassword(
        _ hash: String, of user: UserRecord, closesDevices: Bool, except deviceID: String?, now: Int64
    ) async throws -> AccessChange? {
        let rows = try await pool.query(
            AccountStatements.setPassword, user.shard, user.nid.rawValue, hash, closesDevices, deviceID, now)
        guard var row = rows.first, try row.next(Bool.self) else { return nil }
        return try AccessChange(&row, shard: user.shard)
    }

    /// Replaces a hash by a costlier one of the same password, unless the password was changed meanwhile.
    ///
    /// - Returns: whether it was replaced.
    package func renewPasswordHash(_ old: String, with new: String, of user: UserNID) async throws -> Bool {
        try await pool.execute(AccountStatements.renewPassword, user.rawValue, old, new) > 0
    }

    /// Ends the account for good, with its devices, profile and filters; and with its account data when it is erased.
    ///
    /// - Returns: `nil` when there is no such active account.
    package func deactivate(_ user: UserRecord, erase: Bool, now: Int64) async throws -> AccessChange? {
        let rows = try await pool.query(AccountStatements.deactivate, user.shard, user.nid.rawValue, erase, now)
        guard var row = rows.first, try row.next(Bool.self) else { return nil }
        return try AccessChange(&row, shard: user.shard)
    }

    /// Changes what administrators may change; `nil` leaves it as it is.
    ///
    /// - Returns: `nil` when there is no such active account.
    package func moderate(
        _ user: UserRecord, locked: Bool? = nil, suspended: Bool? = nil, administrator: Bool? = nil, now: Int64
    ) async throws -> AccessChange? {
        let rows = try await pool.query(
            AccountStatements.moderate, user.shard, user.nid.rawValue, locked, suspended, administrator, now)
        guard var row = rows.first, try row.next(Bool.self) else { return nil }
        return AccessChange(
            closedDevices: [], position: try LogPosition(optional: &row, shard: user.shard), deviceLists: nil)
    }

    /// Whether the nonce had not been used; it has now.
    package func useNonce(_ nonce: String, expiresMilliseconds: Int64, now: Int64) async throws -> Bool {
        guard let row = try await pool.query(AccountStatements.useNonce, nonce, expiresMilliseconds, now).first else {
            throw StorageError.missing("use_nonce")
        }
        return try row.get(0, Bool.self)
    }
}

/// What ended, and where the log tells of it.
package struct AccessChange: Sendable {
    package let closedDevices: [String]
    /// `nil` when nothing changed that others must hear of.
    package let position: LogPosition?
    /// The same for those who know the user's devices.
    package let deviceLists: LogPosition?

    init(closedDevices: [String], position: LogPosition?, deviceLists: LogPosition?) {
        self.closedDevices = closedDevices
        self.position = position
        self.deviceLists = deviceLists
    }

    /// From the columns `closed, new_position, previous, list_position, list_previous`.
    init(_ row: inout PostgresRow, shard: Int16) throws {
        closedDevices = try row.next([String]?.self) ?? []
        position = try LogPosition(optional: &row, shard: shard)
        deviceLists = try LogPosition(optional: &row, shard: shard)
    }
}

/// Where the log tells of a change of a device; nowhere when nothing is different.
package struct DeviceListChange: Sendable {
    package let position: LogPosition?
}

extension LogPosition {
    /// From the columns `new_position, previous`, which are null when nothing was appended.
    init?(optional row: inout PostgresRow, shard: Int16) throws {
        let (newPosition, before) = (try row.next(Int64?.self), try row.next(Int64?.self))
        guard let position = newPosition, let previous = before else { return nil }
        self.init(shard: shard, position: position, previous: previous)
    }
}
