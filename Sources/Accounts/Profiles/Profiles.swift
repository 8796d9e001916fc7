package import Cluster
package import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// Asks other servers for profiles.
package protocol RemoteProfiles: Sendable {
    /// - Parameter field: only this field; `nil` for all.
    /// - Returns: the fields, each value as JSON; `nil` when there is no such user.
    func profile(of userID: UserID, field: String?) async throws -> [(field: String, value: [UInt8])]?
}

/// Profiles of users, local and remote.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#profiles
package struct Profiles: Sendable {
    let profiles: ProfileStore
    let accounts: AccountStore
    let interning: Interning
    let names: AccountNames
    let feed: LogFeed
    let clock: any Clock
    let remote: (any RemoteProfiles)?

    package init(
        profiles: ProfileStore, accounts: AccountStore, interning: Interning, names: AccountNames, feed: LogFeed,
        clock: any Clock, remote: (any RemoteProfiles)? = nil
    ) {
        self.profiles = profiles
        self.accounts = accounts
        self.interning = interning
        self.names = names
        self.feed = feed
        self.clock = clock
        self.remote = remote
    }

    // MARK: Reading

    /// All fields of anybody's profile, each value as JSON.
    ///
    /// - Throws: `M_NOT_FOUND` when there is no such user.
    package func profile(of userID: UserID) async throws -> [(field: String, value: [UInt8])] {
        guard names.isLocal(userID) else {
            guard let found = try await remote?.profile(of: userID, field: nil) else { throw Self.notFound }
            return found
        }
        return try await profiles.profile(of: try await localUser(userID).nid)
    }

    /// The value of a field as JSON.
    ///
    /// - Throws: `M_NOT_FOUND` when there is no such user or field.
    package func field(_ field: ProfileField, of userID: UserID) async throws -> [UInt8] {
        let value: [UInt8]?
        if names.isLocal(userID) {
            value = try await profiles.field(field.name, of: try await localUser(userID).nid)
        } else {
            value = try await remote?.profile(of: userID, field: field.name)?.first { $0.field == field.name }?.value
        }
        guard let value else { throw Self.notFound }
        return value
    }

    /// A user of ours whose account was not ended.
    private func localUser(_ userID: UserID) async throws -> UserRecord {
        guard let user = try await interning.knownUser(userID), let account = try await accounts.account(of: user.nid),
            !account.isDeactivated
        else { throw Self.notFound }
        return user
    }

    private static var notFound: MatrixError { .notFound("Profile not found") }

    // MARK: Writing

    /// Sets a field of the caller's profile. An empty display name or avatar is none.
    ///
    /// - Throws: `M_FORBIDDEN` for somebody else's profile, `M_USER_SUSPENDED`, `M_PROFILE_TOO_LARGE`, and what
    ///   `ProfileField.check` throws.
    package func set(_ field: ProfileField, to value: JSONView, of userID: UserID, by caller: LocalUser) async throws {
        try permit(field, of: userID, by: caller)
        try field.check(value)
        if field.isMemberField, value.stringEquals("") { return try await change(field, of: caller, to: nil) }
        guard let bytes = try? CanonicalJSON.encode(value, strict: false) else { throw MatrixError.badJSON("Not JSON") }
        try await change(field, of: caller, to: bytes)
    }

    /// Removes a field of the caller's profile; that it is not there is no error.
    package func delete(_ field: ProfileField, of userID: UserID, by caller: LocalUser) async throws {
        try permit(field, of: userID, by: caller)
        try await change(field, of: caller, to: nil)
    }

    /// Answered as soon as it is written; that rooms show it is the business of `ProfilePropagation`.
    private func change(_ field: ProfileField, of caller: LocalUser, to value: [UInt8]?) async throws {
        let user = try await interning.user(caller.userNID)
        let outcome = try await profiles.change(
            field.name, to: value, of: user, isShown: field.isMemberField, now: clock.nowMilliseconds)
        switch outcome {
        case .done(let position):
            if let position { feed.announce(.profile, at: position, user: user.nid) }
        case .unchanged: break
        case .tooLarge: throw MatrixError(.profileTooLarge, "The profile would be larger than 64 KiB")
        }
    }

    private func permit(_ field: ProfileField, of userID: UserID, by caller: LocalUser) throws {
        guard userID == caller.userID else { throw MatrixError.forbidden("You may only change your own profile") }
        if caller.isSuspended { throw MatrixError.accountIsSuspended }
        // https://spec.matrix.org/v1.19/client-server-api/#guest-access: only the display name.
        if caller.isGuest, field != .displayName {
            throw MatrixError(.guestAccessForbidden, "Guests may only change their display name")
        }
    }
}
