package import MatrixCore
package import Postgres

/// Pushers, and the notifications that wait to be sent to them again.
package struct PusherStore: Sendable {
    /// Pushers that a user may have.
    package static let maxPushersPerUser: Int64 = 100
    /// Waiting notifications of a shard that are taken up again by whoever takes over; the newest ones.
    package static let maxBacklog: Int64 = 5000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Pushers

    /// Sets a pusher, new or not.
    ///
    /// - Parameters:
    ///   - device: goes with it when the device goes.
    ///   - append: otherwise other users lose their pushers with this key of this application.
    /// - Returns: false when the user has too many.
    package func set(_ pusher: PusherRecord, device: String?, append: Bool) async throws -> Bool {
        let rows = try await pool.query(
            PushStatements.setPusher, pusher.key.userNID.rawValue, pusher.key.appID, pusher.key.pushkey, pusher.kind,
            pusher.appDisplayName, pusher.deviceDisplayName, pusher.profileTag, pusher.language, pusher.data, device,
            append, Self.maxPushersPerUser, pusher.updatedAt)
        guard var row = rows.first else { throw StorageError.missing("set_pusher") }
        return try row.next(Bool.self)
    }

    /// Deletes a pusher, with what waits for it; that there is none is no error.
    package func delete(_ key: PusherKey) async throws {
        _ = try await pool.query(PushStatements.deletePusher, key.userNID.rawValue, key.appID, key.pushkey)
    }

    package func pushers(of user: UserNID) async throws -> [PusherRecord] {
        try (try await pool.query(PushStatements.pushersOfUser, user.rawValue)).map(Self.decode)
    }

    package func pusher(_ key: PusherKey) async throws -> PusherRecord? {
        let rows = try await pool.query(PushStatements.pusher, key.userNID.rawValue, key.appID, key.pushkey)
        return try rows.first.map(Self.decode)
    }

    package func keys(of users: [UserNID]) async throws -> [PusherKey] {
        guard !users.isEmpty else { return [] }
        return try (try await pool.query(PushStatements.pushersOfUsers, users.map(\.rawValue))).map { row in
            let (user, app, key) = try row.decode((Int64, String, String).self)
            return PusherKey(userNID: UserNID(user), appID: app, pushkey: key)
        }
    }

    /// The pushers of those whom events notify, by what was decided when the events were written.
    ///
    /// Cost: one query; a look for pushers for each local member of an event's room.
    package func recipients(of events: [NotifyingEvent]) async throws -> [PushRecipient] {
        guard !events.isEmpty else { return [] }
        let rows = try await pool.query(
            PushStatements.recipients, events.map(\.roomNID.rawValue), events.map(\.eventNID.rawValue))
        return try rows.map { row in
            let (room, event, user, app, key) = try row.decode((Int64, Int64, Int64, String, String).self)
            return PushRecipient(
                pusher: PusherKey(userNID: UserNID(user), appID: app, pushkey: key),
                event: NotifyingEvent(roomNID: RoomNID(room), eventNID: EventNID(event)))
        }
    }

    private static func decode(_ row: PostgresRow) throws -> PusherRecord {
        var row = row
        return PusherRecord(
            key: PusherKey(
                userNID: UserNID(try row.next(Int64.self)), appID: try row.next(String.self),
                pushkey: try row.next(String.self)),
            kind: try row.next(String.self), appDisplayName: try row.next(String.self),
            deviceDisplayName: try row.next(String.self), profileTag: try row.next(String?.self),
            language: try row.next(String.self), data: try row.next([UInt8].self),
            updatedAt: try row.next(Int64.self))
    }

    // MARK: What waits

    /// Writes down notifications of rooms of a shard that could not be sent.
    package func keep(_ pushes: [WaitingPush], shard: Int16, now: Int64) async throws {
        guard !pushes.isEmpty else { return }
        _ = try await pool.query(
            PushStatements.keep, pushes.map(\.pusher.userNID.rawValue), pushes.map(\.pusher.appID),
            pushes.map(\.pusher.pushkey), pushes.map(\.roomNID.rawValue), pushes.map(\.eventNID.rawValue), shard, now)
    }

    /// A notification was sent, or is given up.
    package func settle(_ push: WaitingPush) async throws {
        _ = try await pool.query(
            PushStatements.settle, push.pusher.userNID.rawValue, push.pusher.appID, push.pusher.pushkey,
            push.roomNID.rawValue, push.eventNID.rawValue)
    }

    /// What waits in a shard, oldest first.
    package func backlog(of shard: Int16) async throws -> [WaitingPush] {
        let rows = try await pool.query(PushStatements.backlog, shard, Self.maxBacklog)
        return try rows.map { row in
            let (user, app, key, room, event, created) = try row.decode(
                (Int64, String, String, Int64, Int64, Int64).self)
            return WaitingPush(
                pusher: PusherKey(userNID: UserNID(user), appID: app, pushkey: key), roomNID: RoomNID(room),
                eventNID: EventNID(event), createdAt: created)
        }.reversed()
    }
}
