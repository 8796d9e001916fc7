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

    /// - Parameter value: one JSON value.
    /// - Returns: false when the profile would become too large; nothing is changed then.
    package func set(_ field: String, to value: [UInt8], of user: UserNID) async throws -> Bool {
        let rows = try await pool.query(ProfileStatements.set, user.rawValue, field, value, Self.maxProfileBytes)
        guard let row = rows.first else { throw StorageError.missing("set_profile_field") }
        return try row.get(0, Bool.self)
    }

    /// - Returns: whether there was such a field.
    package func delete(_ field: String, of user: UserNID) async throws -> Bool {
        try await pool.execute(ProfileStatements.delete, user.rawValue, field) > 0
    }
}
