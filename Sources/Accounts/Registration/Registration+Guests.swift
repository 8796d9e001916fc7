import Cluster
import MatrixCore
import Storage
import Telemetry

/// Guests who register, and stay who they are.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#guest-access
extension Registration {
    /// The guest who registers, where somebody says to be one.
    ///
    /// - Throws: 400 `M_MISSING_PARAM` without a name; 403 `M_FORBIDDEN` when the token is not of the guest with that name.
    func guest(registeringWith request: RegistrationRequest) async throws -> UserRecord? {
        guard let token = request.guestAccessToken else { return nil }
        guard let username = request.username else { throw MatrixError.missingParam("username") }
        let now = telemetry.clock.nowMilliseconds
        guard let found = try await devices.devices.accessToken(TokenHash(of: token)), found.isGuest, !found.isLocked,
            found.expiresMilliseconds.map({ $0 > now }) ?? true,
            try names.userID(registering: username) == found.userID
        else { throw MatrixError.forbidden("The access token is not of a guest of that name") }
        return try await interning.user(found.userNID)
    }

    /// - Throws: `M_USER_IN_USE` when the guest is none any more.
    func upgrade(
        _ guest: UserRecord, passwordHash: String, session: TokenHash?, deviceID: String?
    ) async throws -> UserRecord {
        let account = NewAccount(user: guest, passwordHash: passwordHash, session: session, deviceID: deviceID)
        let (outcome, position) = try await accounts.upgrade(
            guest: account, oldestSession: interactive.oldest, now: telemetry.clock.nowMilliseconds)
        switch outcome {
        case .made: if let position { devices.feed.announce(.access, at: position, user: guest.nid) }
        case .nameIsTaken: throw MatrixError.userInUse
        case .sessionIsOver: throw AuthSessionIsOver()
        }
        return guest
    }
}
