package import MatrixCore
package import Postgres

/// A user's newest membership in a room.
package struct MembershipRecord: Sendable, Hashable {
    package let roomNID: RoomNID
    package let userNID: UserNID
    package let membership: Membership
    package let eventNID: EventNID
    /// Whose position `position` is: the room's shard, or the user's for what the room's own log does not tell.
    package let shard: Int16
    package let position: Int64
    package let isForgotten: Bool
    /// Where the user's present stay in the room began, in the room's shard; 0 when the user is not in it. Member events
    /// during the stay leave it as it is.
    package let joinedPosition: Int64
    /// Where the user's last stay ended, in the room's shard; 0 when none has.
    package let leftPosition: Int64

    package init(
        roomNID: RoomNID, userNID: UserNID, membership: Membership, eventNID: EventNID, shard: Int16, position: Int64,
        isForgotten: Bool, joinedPosition: Int64, leftPosition: Int64
    ) {
        self.roomNID = roomNID
        self.userNID = userNID
        self.membership = membership
        self.eventNID = eventNID
        self.shard = shard
        self.position = position
        self.isForgotten = isForgotten
        self.joinedPosition = joinedPosition
        self.leftPosition = leftPosition
    }
}

/// The first members of a room, and of those who were members, in the order in which they came.
package struct FirstMembers: Sendable, Hashable {
    package static let maxHeroes = 5

    package internal(set) var present: [UserNID] = []
    package internal(set) var past: [UserNID] = []

    package init() {}

    /// After whom a user is shown a room that has no name.
    package func heroes(besides user: UserNID) -> [UserNID] {
        let others = present.filter { $0 != user }
        return Array((others.isEmpty ? past.filter { $0 != user } : others).prefix(Self.maxHeroes))
    }
}

/// In which rooms a user is and was.
package struct RoomStays: Sendable, Hashable {
    /// The rooms that the user is joined to, and where the present stay in each began, in the room's shard.
    package internal(set) var joined: [RoomNID: Int64] = [:]
    /// The rooms that the user has left, and where the last stay in each ended.
    package internal(set) var left: [RoomNID: Int64] = [:]

    package init() {}

    package var rooms: Set<RoomNID> { Set(joined.keys) }

    package func isJoined(toAnyOf rooms: Set<RoomNID>) -> Bool {
        joined.count < rooms.count
            ? joined.keys.contains { rooms.contains($0) } : rooms.contains { joined[$0] != nil }
    }
}

/// Who is where. Written together with the events that say so; here it is read.
package struct MembershipStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Every room that the user has ever had to do with, forgotten ones included.
    package func memberships(of user: UserNID) async throws -> [MembershipRecord] {
        try Self.decode(try await pool.query(MembershipStatements.ofUser, user.rawValue))
    }

    package func members(of room: RoomNID, with memberships: [Membership]) async throws -> [MembershipRecord] {
        try Self.decode(try await pool.query(MembershipStatements.inRoom, room.rawValue, memberships.map(\.code)))
    }

    /// The user's membership in the room, with the stripped state that came with an invite to a room we are not in.
    package func membership(
        of user: UserNID, in room: RoomNID
    ) async throws -> (record: MembershipRecord, strippedState: [UInt8]?)? {
        let rows = try await pool.query(MembershipStatements.ofUserInRoom, room.rawValue, user.rawValue)
        guard var row = rows.first else { return nil }
        let record = try Self.decode(&row)
        return (record, try row.next([UInt8]?.self))
    }

    /// The stripped state that came with a user's invites to rooms that we are not in.
    package func strippedStates(of rooms: [RoomNID], toldTo user: UserNID) async throws -> [RoomNID: [UInt8]] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: [UInt8]] = [:]
        let rows = try await pool.query(
            MembershipStatements.strippedStates, user.rawValue, rooms.map(\.rawValue))
        for row in rows {
            let (room, state) = try row.decode((Int64, [UInt8]).self)
            found[RoomNID(room)] = state
        }
        return found
    }

    package func joinedMembers(of room: RoomNID) async throws -> [UserNID] {
        try (try await pool.query(MembershipStatements.joinedMembers, room.rawValue)).map { row in
            var row = row
            return UserNID(try row.next(Int64.self))
        }
    }

    /// Members that belong to one server.
    package func joinedMembers(of room: RoomNID, on server: ServerNID) async throws -> [UserNID] {
        let rows = try await pool.query(MembershipStatements.localJoined, room.rawValue, server.rawValue)
        return try rows.map { row in
            var row = row
            return UserNID(try row.next(Int64.self))
        }
    }

    /// Users of one server who ever had to do with the room, those who are joined first.
    package func users(of server: ServerNID, in room: RoomNID, limit: Int) async throws -> [UserNID] {
        let rows = try await pool.query(MembershipStatements.ofServer, room.rawValue, server.rawValue, Int64(limit))
        return try rows.map { UserNID(try $0.get(0, Int64.self)) }
    }

    /// The servers with a joined member.
    package func joinedServers(of room: RoomNID) async throws -> [ServerName] {
        try (try await pool.query(MembershipStatements.joinedServers, room.rawValue)).map { row in
            var row = row
            guard let name = ServerName(try row.next(String.self)) else {
                throw StorageError.corrupt("servers.server_name")
            }
            return name
        }
    }

    package func isJoined(_ server: ServerName, in room: RoomNID) async throws -> Bool {
        let rows = try await pool.query(MembershipStatements.isServerJoined, room.rawValue, server.description)
        guard var row = rows.first else { return false }
        return try row.next(Bool.self)
    }

    /// Whether a member of the server is or was in the room, or was kept out of it.
    ///
    /// Cost: a look at all memberships of the room when there is none; ask `isJoined` first.
    package func hasBeen(_ server: ServerName, in room: RoomNID) async throws -> Bool {
        let rows = try await pool.query(MembershipStatements.hasServerBeenIn, room.rawValue, server.description)
        guard var row = rows.first else { return false }
        return try row.next(Bool.self)
    }

    /// What a user is, or was, in some rooms; those that the user never had to do with are left out.
    package func memberships(of user: UserNID, in rooms: [RoomNID]) async throws -> [RoomNID: Membership] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await pool.query(MembershipStatements.ofUserInRooms, user.rawValue, rooms.map(\.rawValue))
        return try rows.reduce(into: [:]) { found, row in
            let (room, code) = try row.decode((Int64, Int16).self)
            found[RoomNID(room)] = Membership(code: code)
        }
    }

    /// Where of some rooms users of a server are: `join`, or else `invite`; rooms in which nobody is either are left out.
    package func standing(of server: ServerName, in rooms: [RoomNID]) async throws -> [RoomNID: Membership] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await pool.query(MembershipStatements.standing, server.description, rooms.map(\.rawValue))
        return try rows.reduce(into: [:]) { found, row in
            let (room, code) = try row.decode((Int64, Int16).self)
            found[RoomNID(room)] = Membership(code: code)
        }
    }

    package func rooms(joinedBy server: ServerName) async throws -> [RoomNID] {
        try (try await pool.query(MembershipStatements.joinedRoomsOfServer, server.description)).map { row in
            var row = row
            return RoomNID(try row.next(Int64.self))
        }
    }

    /// Rooms that a user is joined to after one, in the order of their numbers.
    package func rooms(joinedBy user: UserNID, after room: RoomNID, limit: Int) async throws -> [RoomNID] {
        let rows = try await pool.query(
            MembershipStatements.joinedRoomsPage, user.rawValue, room.rawValue, Int64(limit))
        return try rows.map { RoomNID(try $0.get(0, Int64.self)) }
    }

    /// The rooms that each of some users is or was in; those who were in none are left out.
    package func stays(of users: [UserNID]) async throws -> [UserNID: RoomStays] {
        guard !users.isEmpty else { return [:] }
        var stays: [UserNID: RoomStays] = [:]
        for row in try await pool.query(MembershipStatements.staysOfUsers, users.map(\.rawValue)) {
            let (user, room, joined, left) = try row.decode((Int64, Int64, Int64?, Int64).self)
            if let joined {
                stays[UserNID(user), default: RoomStays()].joined[RoomNID(room)] = joined
            } else {
                stays[UserNID(user), default: RoomStays()].left[RoomNID(room)] = left
            }
        }
        return stays
    }

    package func sharedRooms(of user: UserNID, and other: UserNID) async throws -> [RoomNID] {
        try (try await pool.query(MembershipStatements.sharedRooms, user.rawValue, other.rawValue)).map { row in
            var row = row
            return RoomNID(try row.next(Int64.self))
        }
    }

    package func counts(of room: RoomNID) async throws -> (joined: Int, invited: Int) {
        guard var row = try await pool.query(MembershipStatements.counts, room.rawValue).first else { return (0, 0) }
        return (Int(try row.next(Int64.self)), Int(try row.next(Int64.self)))
    }

    package func counts(of rooms: [RoomNID]) async throws -> [RoomNID: (joined: Int, invited: Int)] {
        guard !rooms.isEmpty else { return [:] }
        var counts: [RoomNID: (joined: Int, invited: Int)] = [:]
        for row in try await pool.query(MembershipStatements.manyCounts, rooms.map(\.rawValue)) {
            let (room, joined, invited) = try row.decode((Int64, Int64, Int64).self)
            counts[RoomNID(room)] = (Int(joined), Int(invited))
        }
        return counts
    }

    /// The first five members of rooms, joined or invited, besides a user; where there are none, those who were members.
    package func heroes(of rooms: [RoomNID], besides user: UserNID) async throws -> [RoomNID: [UserNID]] {
        try await firstMembers(of: rooms).mapValues { $0.heroes(besides: user) }
    }

    /// Those of whom the heroes of rooms are, for whoever asks.
    ///
    /// Cost: one query; a look at every member of each room.
    package func firstMembers(of rooms: [RoomNID]) async throws -> [RoomNID: FirstMembers] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: FirstMembers] = [:]
        // One more than is shown, since whoever asks is not among them.
        let rows = try await pool.query(
            MembershipStatements.heroes, rooms.map(\.rawValue), Int64(FirstMembers.maxHeroes + 1))
        for row in rows {
            let (room, user, isMember) = try row.decode((Int64, Int64, Bool).self)
            if isMember {
                found[RoomNID(room), default: FirstMembers()].present.append(UserNID(user))
            } else {
                found[RoomNID(room), default: FirstMembers()].past.append(UserNID(user))
            }
        }
        return found
    }

    /// Forgets a room that the user has left; `nil` when there was nothing to forget.
    package func forget(_ room: RoomNID, user: UserRecord, now: Int64) async throws -> LogPosition? {
        let rows = try await pool.query(
            MembershipStatements.forget, user.shard, room.rawValue, user.nid.rawValue, now)
        guard var row = rows.first, let position = try row.next(Int64?.self) else { return nil }
        return LogPosition(shard: user.shard, position: position, previous: try row.next(Int64.self))
    }

    /// Writes a membership that the room's own log does not tell.
    package func setOutOfBand(
        _ membership: Membership, of user: UserRecord, in room: RoomNID, by event: EventNID, strippedState: [UInt8]?,
        now: Int64
    ) async throws -> LogPosition {
        try LogPosition(
            first: try await pool.query(
                MembershipStatements.outOfBand, user.shard, room.rawValue, user.nid.rawValue, user.serverNID.rawValue,
                membership.code, event.rawValue, strippedState, now),
            shard: user.shard)
    }

    /// Ends a membership that the room's own log does not tell, if it is still the same.
    ///
    /// - Parameters:
    ///   - ended: as it was read.
    ///   - kept: what is kept of the event that ends it, where clients find it.
    /// - Returns: `nil` when it has become another one meanwhile; nothing is written then.
    package func endOutOfBand(
        _ ended: MembershipRecord, as membership: Membership, of user: UserRecord, kept: [UInt8], now: Int64
    ) async throws -> LogPosition? {
        let rows = try await pool.query(
            MembershipStatements.endOutOfBand, user.shard, ended.roomNID.rawValue, user.nid.rawValue, ended.position,
            membership.code, kept, now)
        guard var row = rows.first, let position = try row.next(Int64?.self) else { return nil }
        return LogPosition(shard: user.shard, position: position, previous: try row.next(Int64.self))
    }

    private static func decode(_ rows: PostgresRows) throws -> [MembershipRecord] {
        try rows.map { row in
            var row = row
            return try decode(&row)
        }
    }

    private static func decode(_ row: inout PostgresRow) throws -> MembershipRecord {
        let room = RoomNID(try row.next(Int64.self))
        let user = UserNID(try row.next(Int64.self))
        guard let membership = Membership(code: try row.next(Int16.self)) else {
            throw StorageError.corrupt("memberships.membership")
        }
        return MembershipRecord(
            roomNID: room, userNID: user, membership: membership, eventNID: EventNID(try row.next(Int64.self)),
            shard: try row.next(Int16.self), position: try row.next(Int64.self), isForgotten: try row.next(Bool.self),
            joinedPosition: try row.next(Int64.self), leftPosition: try row.next(Int64.self))
    }
}
