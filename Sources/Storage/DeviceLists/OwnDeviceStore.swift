package import MatrixCore
package import Postgres

/// One change of a user's devices.
package struct OwnDeviceChange: Sendable, Hashable {
    /// In the user's shard.
    package let position: Int64
    /// None: the cross-signing keys changed.
    package let devices: [String]
}

/// A device of a user of this server.
package struct OwnDevice: Sendable, Hashable {
    package let user: UserNID
    package let deviceID: String

    package init(user: UserNID, deviceID: String) {
        self.user = user
        self.deviceID = deviceID
    }
}

/// What other servers have to be told of this server's users' devices.
package struct OwnDeviceStore: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Where a user's devices last changed; `nil` when they never did.
    package func newestChange(of user: UserNID) async throws -> Int64? {
        try (try await pool.query(OwnDeviceStatements.newest, user.rawValue)).first?.get(0, Int64?.self)
    }

    /// What is remembered of the changes of users: the newest, in order.
    package func changes(of users: Set<UserNID>) async throws -> [UserNID: [OwnDeviceChange]] {
        guard !users.isEmpty else { return [:] }
        var changes: [UserNID: [OwnDeviceChange]] = [:]
        for row in try await pool.query(OwnDeviceStatements.changes, users.map(\.rawValue)) {
            let (user, position, devices) = try row.decode((Int64, Int64, [String]).self)
            changes[UserNID(user), default: []].append(OwnDeviceChange(position: position, devices: devices))
        }
        return changes
    }

    /// Those of some devices that there are, with their names.
    package func present(_ devices: Set<OwnDevice>) async throws -> [OwnDevice: String?] {
        guard !devices.isEmpty else { return [:] }
        let devices = Array(devices)
        var found: [OwnDevice: String?] = [:]
        let rows = try await pool.query(
            OwnDeviceStatements.present, devices.map(\.user.rawValue), devices.map(\.deviceID))
        for row in rows {
            let (user, device, name) = try row.decode((Int64, String, String?).self)
            found[OwnDevice(user: UserNID(user), deviceID: device)] = .some(name)
        }
        return found
    }

    /// Users of this server whose devices changed after a vector, of those who share a room with another server: in the order of
    /// their numbers, after one.
    ///
    /// Cost: a look at everybody whose devices changed since.
    package func users(
        changedFor server: ServerNID, own: ServerNID, since: LogVector, after user: UserNID, limit: Int
    ) async throws -> [UserRecord] {
        let rows = try await pool.query(
            OwnDeviceStatements.changedFor, server.rawValue, own.rawValue, since.positions, user.rawValue,
            Int64(limit))
        return try rows.map { row in
            let (userID, nid, shard) = try row.decode((String, Int64, Int16).self)
            return UserRecord(
                nid: UserNID(nid), userID: try DeviceListStore.userID(userID), serverNID: own, shard: shard)
        }
    }

    /// Which users of this server have come to share a room with which other servers, of those who have keys.
    ///
    /// Cost: one query; a look at whoever came, and at the other rooms of each user that may be told of.
    package func met(in meeting: RoomMeeting, own: ServerNID) async throws -> [ServerNID: [UserRecord]] {
        var met: [ServerNID: [UserRecord]] = [:]
        let rows = try await pool.query(
            OwnDeviceStatements.met, meeting.room.rawValue, meeting.came.map(\.rawValue), meeting.position,
            own.rawValue,
            meeting.servers.map(\.rawValue), meeting.newServers.map(\.rawValue), Int64(meeting.maxUsers))
        for row in rows {
            let (userID, nid, shard, server) = try row.decode((String, Int64, Int16, Int64).self)
            met[ServerNID(server), default: []].append(
                UserRecord(
                    nid: UserNID(nid), userID: try DeviceListStore.userID(userID), serverNID: own, shard: shard))
        }
        return met
    }
}

/// Who came into a room at a position of its shard.
package struct RoomMeeting: Sendable {
    package let room: RoomNID
    package let position: Int64
    /// Whose membership changed.
    package let came: [UserNID]
    /// The other servers in the room.
    package let servers: [ServerNID]
    /// Those of them that may have come with this.
    package let newServers: [ServerNID]
    /// Users of this server that are looked at for a new server.
    package let maxUsers: Int

    package init(
        room: RoomNID, position: Int64, came: [UserNID], servers: [ServerNID], newServers: [ServerNID], maxUsers: Int
    ) {
        self.room = room
        self.position = position
        self.came = came
        self.servers = servers
        self.newServers = newServers
        self.maxUsers = maxUsers
    }
}
