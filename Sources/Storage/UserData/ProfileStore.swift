package import MatrixCore
package import Postgres

/// What a member event tells of a user's profile.
package struct MemberProfile: Sendable, Hashable {
    package var displayName: String?
    package var avatarURL: String?

    package init(displayName: String? = nil, avatarURL: String? = nil) {
        self.displayName = displayName
        self.avatarURL = avatarURL
    }
}

/// Profiles of local users: fields with any JSON as their value.
package struct ProfileStore: Sendable {
    /// The whole profile as a JSON object must be smaller.
    package static let maxProfileBytes: Int64 = 65_536

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// All fields, each value as JSON, ordered by their names.
    package func profile(of user: UserNID) async throws -> [(field: String, value: [UInt8])] {
        try (try await pool.query(ProfileStatements.ofUser, user.rawValue)).map { row in
            (try row.get(0, String.self), try row.get(1, [UInt8].self))
        }
    }

    /// The value of a field as JSON.
    package func field(_ name: String, of user: UserNID) async throws -> [UInt8]? {
        try (try await pool.query(ProfileStatements.field, user.rawValue, name)).first?.get(0, [UInt8].self)
    }

    /// The display name and avatar, for member events.
    package func memberProfile(of user: UserNID) async throws -> MemberProfile {
        var profile = MemberProfile()
        for row in try await pool.query(ProfileStatements.member, user.rawValue) {
            try Self.read(row.get(0, String.self), row.get(1, [UInt8].self), into: &profile)
        }
        return profile
    }

    /// The same of several users at once; users without either are not in the answer.
    package func memberProfiles(of users: [UserNID]) async throws -> [UserNID: MemberProfile] {
        guard !users.isEmpty else { return [:] }
        var profiles: [UserNID: MemberProfile] = [:]
        for row in try await pool.query(ProfileStatements.members, users.map(\.rawValue)) {
            let (user, field, value) = try row.decode((Int64, String, [UInt8]).self)
            Self.read(field, value, into: &profiles[UserNID(user), default: MemberProfile()])
        }
        return profiles
    }

    private static func read(_ field: String, _ value: [UInt8], into profile: inout MemberProfile) {
        guard let text = (try? JSONDocument(parsing: value))?.root.string else { return }
        if field == "displayname" { profile.displayName = text } else { profile.avatarURL = text }
    }

    /// Sets a field, or removes it.
    ///
    /// - Parameters:
    ///   - value: one JSON value; `nil` removes the field.
    ///   - isShown: member events have the field. Then the change is a row of the log, and waits in the database until the
    ///     user's rooms show it.
    package func change(
        _ field: String, to value: [UInt8]?, of user: UserRecord, isShown: Bool, now: Int64
    ) async throws -> ProfileChange {
        let rows = try await pool.query(
            ProfileStatements.change, user.shard, user.nid.rawValue, field, value, Self.maxProfileBytes, isShown, now)
        guard var row = rows.first else { throw StorageError.missing("change_profile_field") }
        switch try row.next(Int16.self) {
        case 0: return .done(try LogPosition(optional: &row, shard: user.shard))
        case 1: return .unchanged
        case 2: return .tooLarge
        default: throw StorageError.corrupt("change_profile_field")
        }
    }

    // MARK: What rooms are to show

    /// Profiles that the rooms of their users do not all show yet, of users of some shards, ordered by their numbers.
    package func pending(
        of shards: [Int16], after user: UserNID?, limit: Int
    ) async throws -> [PendingProfile] {
        let rows = try await pool.query(ProfileStatements.pending, shards, user?.rawValue ?? 0, Int64(limit))
        return try rows.map { row in
            let (user, change, room) = try row.decode((Int64, Int64, Int64).self)
            return PendingProfile(userNID: UserNID(user), change: change, shownUpTo: RoomNID(room))
        }
    }

    /// Notes that the rooms up to one show a profile.
    ///
    /// - Returns: false when it was changed again meanwhile.
    package func note(_ profile: PendingProfile, shownUpTo room: RoomNID) async throws -> Bool {
        try await pool.execute(ProfileStatements.proceed, profile.userNID.rawValue, profile.change, room.rawValue) > 0
    }

    /// All rooms show the profile. One that was changed again meanwhile stays.
    package func finish(_ profile: PendingProfile) async throws {
        try await pool.execute(ProfileStatements.finish, profile.userNID.rawValue, profile.change)
    }
}

/// What became of a change of a profile.
package enum ProfileChange: Sendable, Hashable {
    /// With its place in the log, if it has one.
    case done(LogPosition?)
    case unchanged
    /// Nothing was changed.
    case tooLarge
}

/// A profile that not all rooms of its user show yet.
package struct PendingProfile: Sendable, Hashable {
    package let userNID: UserNID
    /// Which change it is.
    package let change: Int64
    /// Rooms up to here show it.
    package let shownUpTo: RoomNID
}
