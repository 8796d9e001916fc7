package import Storage

/// What member events say of local users. Owned here, implemented by `Accounts`.
package protocol MemberProfiles: Sendable {
    func profile(of user: UserRecord) async throws -> MemberProfile
}
