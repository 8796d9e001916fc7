package import MatrixCore
package import Postgres

/// Devices of local users, and the tokens that they hold.
package struct DeviceStore: Sendable {
    /// Devices that a user may have at once.
    package static let maxDevicesPerUser: Int64 = 1000
    /// Sightings written in one statement.
    package static let maxSightings = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func devices(of user: UserNID) async throws -> [DeviceRecord] {
        try (try await pool.query(DeviceStatements.ofUser, user.rawValue)).map(Self.decode)
    }

    package func device(_ deviceID: String, of user: UserNID) async throws -> DeviceRecord? {
        try (try await pool.query(DeviceStatements.one, user.rawValue, deviceID)).first.map(Self.decode)
    }

    private static func decode(_ row: PostgresRow) throws -> DeviceRecord {
        var row = row
        return DeviceRecord(
            deviceID: try row.next(String.self), displayName: try row.next(String?.self),
            lastSeenMilliseconds: try row.next(Int64?.self), lastSeenAddress: try row.next(String?.self))
    }

    /// - Returns: `nil` when there is no such device.
    package func rename(
        _ deviceID: String, of user: UserRecord, to name: String, now: Int64
    ) async throws -> DeviceListChange? {
        let rows = try await pool.query(
            DeviceStatements.rename, user.shard, user.nid.rawValue, deviceID, name, now)
        guard var row = rows.first, try row.next(Bool.self) else { return nil }
        return DeviceListChange(position: try LogPosition(optional: &row, shard: user.shard))
    }

    /// Makes a device without tokens.
    package func create(
        _ deviceID: String, of user: UserRecord, named name: String?, now: Int64
    ) async throws -> DeviceCreationOutcome {
        let rows = try await pool.query(
            DeviceStatements.create, user.shard, user.nid.rawValue, deviceID, name, Self.maxDevicesPerUser, now)
        guard var row = rows.first else { throw StorageError.missing("create_device") }
        switch try row.next(Int16.self) {
        case 0:
            guard let listed = try LogPosition(optional: &row, shard: user.shard) else {
                throw StorageError.corrupt("create_device")
            }
            return .created(listed: listed)
        case 1: return .isThere
        case 2: return .noAccount
        case 3: return .tooManyDevices
        default: throw StorageError.corrupt("create_device")
        }
    }

    /// Gives a device new tokens in place of those it had, and makes it if it was not there.
    package func open(_ opening: DeviceOpening, now: Int64) async throws -> DeviceOpeningOutcome {
        let user = opening.user
        let rows = try await pool.query(
            DeviceStatements.open, user.shard, user.nid.rawValue, opening.verifiedHash, opening.deviceID,
            opening.displayName, opening.address, Self.maxDevicesPerUser, opening.tokens.access.bytes,
            opening.tokens.accessExpiresMilliseconds, opening.tokens.refresh?.bytes, now)
        guard var row = rows.first else { throw StorageError.missing("open_device") }
        switch try row.next(Int16.self) {
        case 0:
            guard let listed = try LogPosition(optional: &row, shard: user.shard) else {
                throw StorageError.corrupt("open_device")
            }
            return .opened(listed: listed)
        case 1: return .reopened(ended: try LogPosition(optional: &row, shard: user.shard))
        case 2: return .accountHasChanged
        case 3: return .tooManyDevices
        default: throw StorageError.corrupt("open_device")
        }
    }

    /// Ends devices with their tokens and pushers. Devices that are not there are no error.
    package func close(_ deviceIDs: [String], of user: UserRecord, now: Int64) async throws -> AccessChange {
        try await close(deviceIDs, except: nil, of: user, now: now)
    }

    /// Ends all devices of the user.
    package func closeAll(of user: UserRecord, now: Int64) async throws -> AccessChange {
        try await close(nil, except: nil, of: user, now: now)
    }

    private func close(
        _ deviceIDs: [String]?, except: String?, of user: UserRecord, now: Int64
    ) async throws -> AccessChange {
        let rows = try await pool.query(
            DeviceStatements.close, user.shard, user.nid.rawValue, deviceIDs, except, now)
        guard var row = rows.first else { throw StorageError.missing("close_devices") }
        return try AccessChange(&row, shard: user.shard)
    }

    // MARK: Tokens

    /// What the token stands for, expired or not; `nil` when nobody has it.
    package func accessToken(_ hash: TokenHash) async throws -> AccessTokenRecord? {
        guard var row = try await pool.query(DeviceStatements.token, hash.bytes).first else { return nil }
        let tokenID = try row.next(Int64.self)
        let userNID = UserNID(try row.next(Int64.self))
        guard let userID = UserID(try row.next(String.self)) else { throw StorageError.corrupt("users.user_id") }
        return AccessTokenRecord(
            tokenID: tokenID, userNID: userNID, userID: userID, deviceID: try row.next(String.self),
            expiresMilliseconds: try row.next(Int64?.self),
            unconfirmedRefresh: try row.next([UInt8]?.self).map(TokenHash.init(stored:)),
            isGuest: try row.next(Bool.self), isAdministrator: try row.next(Bool.self),
            isLocked: try row.next(Bool.self), isSuspended: try row.next(Bool.self))
    }

    /// Exchanges a refresh token for new tokens. The old ones stay valid until one of the new is first used.
    package func refresh(_ refresh: TokenHash, with tokens: NewTokens, now: Int64) async throws -> RefreshOutcome {
        let rows = try await pool.query(
            DeviceStatements.refresh, refresh.bytes, tokens.access.bytes, tokens.accessExpiresMilliseconds,
            tokens.refresh?.bytes, now)
        guard var row = rows.first else { throw StorageError.missing("refresh_device") }
        switch try row.next(Int16.self) {
        case 0: return .refreshed(confirmed: try Self.confirmation(&row))
        case 1: return .unknown
        case 2: return .accountIsLocked
        default: throw StorageError.corrupt("refresh_device")
        }
    }

    /// Notes that the pair of tokens with this refresh token is in use, which ends the pair before it.
    ///
    /// - Returns: where the log tells so; `nil` when it was noted before.
    package func confirm(_ refresh: TokenHash, now: Int64) async throws -> (user: UserNID, position: LogPosition)? {
        guard var row = try await pool.query(DeviceStatements.confirm, refresh.bytes, now).first else { return nil }
        return try Self.confirmation(&row)
    }

    private static func confirmation(_ row: inout PostgresRow) throws -> (user: UserNID, position: LogPosition)? {
        guard let shard = try row.next(Int16?.self), let user = try row.next(Int64?.self),
            let position = try LogPosition(optional: &row, shard: shard)
        else { return nil }
        return (UserNID(user), position)
    }

    // MARK: Sightings

    /// Writes when and where devices were seen, of those whose last writing is older than `interval`.
    package func see(_ sightings: [DeviceSighting], intervalMilliseconds: Int64) async throws {
        var rest = sightings[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.maxSightings)
            rest = rest.dropFirst(Self.maxSightings)
            try await pool.execute(
                DeviceStatements.see, batch.map(\.userNID.rawValue), batch.map(\.deviceID), batch.map(\.atMilliseconds),
                batch.map(\.address), intervalMilliseconds)
        }
    }
}
