package import MatrixCore
package import Postgres

/// Whose devices changed, for whoever shares a room with them.
package struct DeviceListStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Those whose devices or keys changed after a place of the log, of the members of some rooms and of a user.
    ///
    /// Cost: one query; a look at each member of the rooms.
    package func changed(in rooms: [RoomNID], and user: UserNID, since: LogVector) async throws -> [UserID] {
        try Self.users(
            try await pool.query(
                DeviceListStatements.changed, rooms.map(\.rawValue), since.positions, user.rawValue))
    }

    /// Whom a user has met and lost.
    ///
    /// Cost: one query; a look at each member of the rooms that the user entered or left, and at those of other rooms whose
    /// membership changed.
    package func meetings(_ question: MeetingsQuestion) async throws -> (met: [UserID], lost: [UserID]) {
        var met: [UserID] = []
        var lost: [UserID] = []
        let rows = try await pool.query(
            DeviceListStatements.meetings, question.present.map(\.room.rawValue), question.present.map(\.since),
            question.present.map(\.sharedSince), question.entered.map(\.rawValue),
            question.departed.map(\.room.rawValue), question.departed.map(\.since), question.departed.map(\.ended),
            question.joined.map(\.rawValue), question.user.rawValue)
        for var row in rows {
            let user = try Self.userID(try row.next(String.self))
            if try row.next(Bool.self) { met.append(user) } else { lost.append(user) }
        }
        return (met, lost)
    }

    /// Whose keys a user has signed after a position of the user's shard.
    package func signed(by user: UserNID, after position: Int64) async throws -> [UserID] {
        try Self.users(try await pool.query(DeviceListStatements.signed, user.rawValue, position))
    }

    private static func users(_ rows: PostgresRows) throws -> [UserID] {
        try rows.map { row in
            var row = row
            return try userID(try row.next(String.self))
        }
    }

    static func userID(_ text: String) throws -> UserID {
        guard let user = UserID(text) else { throw StorageError.corrupt("users.user_id") }
        return user
    }
}

/// Of which rooms it is asked whom a user has met and lost there.
package struct MeetingsQuestion: Sendable {
    /// A room that the user is in: who came after one position of its shard, and who left after another.
    package struct Present: Sendable {
        package let room: RoomNID
        package let since: Int64
        package let sharedSince: Int64

        package init(room: RoomNID, since: Int64, sharedSince: Int64) {
            self.room = room
            self.since = since
            self.sharedSince = sharedSince
        }
    }

    /// A room that the user has left.
    package struct Departed: Sendable {
        package let room: RoomNID
        package let since: Int64
        /// Where the user left it.
        package let ended: Int64

        package init(room: RoomNID, since: Int64, ended: Int64) {
            self.room = room
            self.since = since
            self.ended = ended
        }
    }

    package let user: UserNID
    /// All rooms that the user is in.
    package var joined: [RoomNID] = []
    package var present: [Present] = []
    /// Rooms that the user came into.
    package var entered: [RoomNID] = []
    package var departed: [Departed] = []

    package init(user: UserNID) { self.user = user }
}
