package import MatrixCore
package import Postgres

/// A device of another server's user, as that told it.
package struct RemoteDevice: Sendable, Hashable {
    package let deviceID: String
    package let displayName: String?
    /// As JSON; `nil` for one that is gone or has none.
    package let keys: [UInt8]?

    package init(deviceID: String, displayName: String?, keys: [UInt8]?) {
        self.deviceID = deviceID
        self.displayName = displayName
        self.keys = keys
    }
}

/// All devices of another server's user.
package struct RemoteDeviceList: Sendable, Hashable {
    package var devices: [RemoteDevice] = []
    /// As JSON.
    package var masterKey: [UInt8]?
    package var selfSigningKey: [UInt8]?

    package init() {}
}

/// Updates of one user's devices, in the order in which they came.
package struct RemoteDeviceUpdates: Sendable {
    /// Their numbers.
    package let streamIDs: [Int64]
    /// The numbers that they build on without being among themselves; none, if one of them builds on nothing.
    package let previous: [Int64]
    package let devices: [RemoteDevice]

    package init(streamIDs: [Int64], previous: [Int64], devices: [RemoteDevice]) {
        self.streamIDs = streamIDs
        self.previous = previous
        self.devices = devices
    }
}

/// What became of what another server told.
package enum RemoteDeviceOutcome: Sendable, Hashable {
    /// It is known now, and others have to be told.
    case changed(LogPosition)
    /// It is known now and was known before.
    case known
    /// Something is missing: the list has to be fetched.
    case incomplete
    /// No room is shared with the user: nobody wants it.
    case unwanted
}

/// A user whose list has to be fetched.
package struct DueDeviceResync: Sendable, Hashable {
    package let user: UserNID
    package let userID: UserID
    package let shard: Int16
    /// Tells requests apart: one that came meanwhile may be about something newer.
    package let request: Int64
    package let attempts: Int
}

/// What other servers tell of their users' devices.
package struct RemoteDeviceStore: Sendable {
    /// Devices of one user that are kept.
    package static let maxDevices = 1000
    /// Users of a shard that are due, read at once.
    static let maxDue = 20
    /// Lists that are looked at in one step of a sweep.
    private static let maxSwept: Int64 = 200

    private let pool: PostgresPool
    /// Of this server.
    private let own: ServerNID

    package init(pool: PostgresPool, own: ServerNID) {
        self.pool = pool
        self.own = own
    }

    /// The lists of those of some users that are known and up to date.
    ///
    /// Cost: one query for all.
    package func lists(of users: [UserNID]) async throws -> [UserNID: RemoteDeviceList] {
        guard !users.isEmpty else { return [:] }
        var lists: [UserNID: RemoteDeviceList] = [:]
        for row in try await pool.query(RemoteDeviceStatements.lists, users.map(\.rawValue), own.rawValue) {
            let (user, master, selfSigning, device, name, keys) = try row.decode(
                (Int64, [UInt8]?, [UInt8]?, String?, String?, [UInt8]?).self)
            var list = lists[UserNID(user)] ?? RemoteDeviceList()
            list.masterKey = master
            list.selfSigningKey = selfSigning
            if let device { list.devices.append(RemoteDevice(deviceID: device, displayName: name, keys: keys)) }
            lists[UserNID(user)] = list
        }
        return lists
    }

    /// From now on the lists of those of some users with whom rooms are shared are fetched.
    package func request(_ users: [UserNID], now: Int64) async throws {
        try await pool.execute(RemoteDeviceStatements.request, users.map(\.rawValue), own.rawValue, now)
    }

    /// Takes in updates of a user's devices.
    package func apply(
        _ updates: RemoteDeviceUpdates, of user: UserRecord, now: Int64
    ) async throws -> RemoteDeviceOutcome {
        let devices = updates.devices
        return try Self.outcome(
            try await pool.query(
                RemoteDeviceStatements.apply, user.shard, user.nid.rawValue, own.rawValue, updates.streamIDs,
                updates.previous, devices.map(\.deviceID), devices.map(\.displayName), devices.map(\.keys),
                Int64(Self.maxDevices), now),
            in: user.shard)
    }

    /// Takes in cross-signing keys of a user; `nil` leaves one as it is.
    package func apply(
        masterKey: [UInt8]?, selfSigningKey: [UInt8]?, of user: UserRecord, now: Int64
    ) async throws -> RemoteDeviceOutcome {
        try Self.outcome(
            try await pool.query(
                RemoteDeviceStatements.applySigning, user.shard, user.nid.rawValue, own.rawValue, masterKey,
                selfSigningKey, now),
            in: user.shard)
    }

    /// Keeps a list that was fetched.
    ///
    /// - Parameters:
    ///   - streamID: its number, on which updates build.
    ///   - knownAt: a place of the log from before it was asked for.
    /// - Returns: `incomplete` when something came meanwhile: it is fetched again.
    package func keep(
        _ list: RemoteDeviceList, streamID: Int64, for resync: DueDeviceResync, knownAt: LogVector, now: Int64
    ) async throws -> RemoteDeviceOutcome {
        let rows = try await pool.query(
            RemoteDeviceStatements.keep, resync.shard, resync.user.rawValue, own.rawValue, resync.request, streamID,
            knownAt.positions, list.devices.map(\.deviceID), list.devices.map(\.displayName), list.devices.map(\.keys),
            list.masterKey, list.selfSigningKey, now)
        return try Self.outcome(rows, in: resync.shard)
    }

    /// - Parameter rows: what the functions answer that take in what servers tell.
    private static func outcome(_ rows: PostgresRows, in shard: Int16) throws -> RemoteDeviceOutcome {
        guard var row = rows.first else { throw StorageError.missing("the outcome of what a server told of devices") }
        let outcome = try row.next(Int16.self)
        if let position = try LogPosition(optional: &row, shard: shard) { return .changed(position) }
        switch outcome {
        case 0, 2: return .known
        case 1: return .incomplete
        default: return .unwanted
        }
    }

    // MARK: Fetching

    /// Users whose lists are to be fetched now, by shard, those first who wait for longest.
    package func due(in shards: Set<Int16>, now: Int64) async throws -> [Int16: [DueDeviceResync]] {
        let rows = try await pool.query(RemoteDeviceStatements.due, Array(shards), now)
        return Dictionary(grouping: try rows.map(Self.resync), by: \.shard)
    }

    /// Those of some users whose lists are to be fetched, now or later.
    package func wanted(_ users: [UserNID]) async throws -> [DueDeviceResync] {
        try (try await pool.query(RemoteDeviceStatements.wanted, users.map(\.rawValue))).map(Self.resync)
    }

    private static func resync(_ row: PostgresRow) throws -> DueDeviceResync {
        let (shard, userID, user, request, attempts) = try row.decode((Int16, String, Int64, Int64, Int32).self)
        return DueDeviceResync(
            user: UserNID(user), userID: try DeviceListStore.userID(userID), shard: shard, request: request,
            attempts: Int(attempts))
    }

    /// A list could not be fetched: it is tried again later.
    package func postpone(_ resync: DueDeviceResync, attempts: Int, until time: Int64) async throws {
        try await pool.execute(RemoteDeviceStatements.postpone, resync.user.rawValue, Int32(attempts), time)
    }

    /// Nothing of a user is kept any more.
    package func forget(_ user: UserNID) async throws {
        try await pool.execute(RemoteDeviceStatements.forget, user.rawValue)
    }

    /// Looks at some lists after that of a user, and lets those go that nobody wants any more.
    ///
    /// - Returns: the last user that was looked at; `nil` at the end.
    package func sweep(after user: UserNID) async throws -> UserNID? {
        let rows = try await pool.query(RemoteDeviceStatements.sweep, user.rawValue, own.rawValue, Self.maxSwept)
        return try rows.first?.get(0, Int64?.self).map { UserNID($0) }
    }
}
