package import MatrixCore
package import Storage
package import Telemetry

/// Makes accounts.
package struct Registration: Sendable {
    /// How long the request that made an account may be repeated: its answer may have been lost.
    private static let repetitionWindow = Duration.seconds(600)
    /// Letters of a name that we choose.
    private static let chosenNameLength = 16
    /// So often a name is chosen anew when it is taken, which never happens unless something is wrong.
    private static let maxChosenNames = 4

    let policy: RegistrationPolicy
    let names: AccountNames
    let accounts: AccountStore
    let interning: Interning
    let hasher: PasswordHasher
    let interactive: InteractiveAuthentication
    let devices: DeviceSessions
    let telemetry: Telemetry

    package init(
        policy: RegistrationPolicy, names: AccountNames, accounts: AccountStore, interning: Interning,
        hasher: PasswordHasher, interactive: InteractiveAuthentication, devices: DeviceSessions, telemetry: Telemetry
    ) {
        self.policy = policy
        self.names = names
        self.accounts = accounts
        self.interning = interning
        self.hasher = hasher
        self.interactive = interactive
        self.devices = devices
        self.telemetry = telemetry
    }

    // MARK: Registration by anybody

    /// Registers a user, as far as the policy allows it.
    ///
    /// - Throws: `M_FORBIDDEN`, `M_USER_IN_USE`, `M_INVALID_USERNAME`, `M_MISSING_PARAM`, or a challenge.
    package func register(_ request: RegistrationRequest) async throws -> RegisteredAccount {
        guard policy.allowsUsers else { throw MatrixError.forbidden("Registration is disabled") }
        let progress = try await interactive.progress(of: request.auth, for: .register)
        let session = progress.record
        let request = request.completed(with: session?.parameters)
        if let session, session.spentMilliseconds != nil { return try await repeated(request, of: session) }
        do {
            return try await register(request, progress)
        } catch let failure where Self.meansOvertaken(failure) {
            // The same request at the same moment was faster: then its account is this one's too.
            let now = try await interactive.progress(of: request.auth, for: .register).record
            if let now, now.spentMilliseconds != nil { return try await repeated(request, of: now) }
            guard failure is AuthSessionIsOver else { throw failure }
            throw try await interactive.beginAnew(attempt(request), .sessionIsUnknown)
        }
    }

    private static func meansOvertaken(_ failure: any Error) -> Bool {
        failure is AuthSessionIsOver || (failure as? MatrixError)?.errcode == .userInUse
    }

    private func attempt(_ request: RegistrationRequest) -> AuthAttempt {
        AuthAttempt(
            operation: .register, flows: policy.flows, submission: request.auth,
            memory: AuthMemory { [hasher] in
                (request.remembered, try await request.password.asyncMap { try await hasher.hash($0) })
            }, origin: SessionOrigin(address: request.address))
    }

    private func register(_ request: RegistrationRequest, _ progress: AuthProgress) async throws -> RegisteredAccount {
        // What cannot succeed fails before anybody authenticates.
        var device = try request.device()
        let guest = try await guest(registeringWith: request)
        let userID = guest == nil ? try await request.username.asyncMap { try await available($0) } : nil
        let grant = try await interactive.advance(attempt(request), from: progress)
        guard
            let passwordHash = try await request.password.asyncMap({ try await hasher.hash($0) })
                ?? progress.record?.passwordHash
        else { throw MatrixError.missingParam("password") }
        // Chosen now, so that a repetition opens the same device.
        if request.inhibitsLogin != true { device = try device.withID(device.deviceID ?? devices.mint.deviceID()) }
        let user =
            if let guest {
                try await upgrade(
                    guest, passwordHash: passwordHash, session: grant.session, deviceID: device.deviceID)
            } else {
                try await make(
                    userID, passwordHash: passwordHash, session: grant.session, deviceID: device.deviceID)
            }
        return try await finish(user, device, request, verifiedHash: passwordHash)
    }

    /// Registers a guest.
    ///
    /// - Throws: `M_GUEST_ACCESS_FORBIDDEN` when there are none here.
    package func registerGuest(displayName: String?, address: String) async throws -> RegisteredAccount {
        guard policy.allowsGuests else { throw MatrixError(.guestAccessForbidden, "Guests are not allowed here") }
        let device = try DeviceRequest(
            deviceID: nil, displayName: displayName, wantsRefreshToken: false, address: address)
        let user = try await make(nil, passwordHash: nil, isGuest: true)
        return RegisteredAccount(
            userID: user.userID, session: try await devices.open(device, for: user, verifiedHash: nil))
    }

    /// The user id for a name, if it can be registered now.
    ///
    /// - Throws: `M_INVALID_USERNAME`, `M_USER_IN_USE`.
    package func available(_ username: String) async throws -> UserID {
        let userID = try names.userID(registering: username)
        if let user = try await interning.knownUser(userID), try await accounts.account(of: user.nid) != nil {
            throw MatrixError.userInUse
        }
        return userID
    }

    /// Whether a registration token could be used now.
    ///
    /// - Throws: `M_FORBIDDEN` when nobody can register with one.
    package func isUsable(registrationToken token: String) async throws -> Bool {
        guard policy.allowsUsers else { throw MatrixError.forbidden("Registration is disabled") }
        guard OpaqueIdentifier.isValid(token) else { return false }
        return try await interactive.sessions.isUsable(
            registrationToken: token, oldestSession: interactive.oldest, now: telemetry.clock.nowMilliseconds)
    }

    // MARK: Registration by administrators

    /// Makes an account without asking the policy: for administrators.
    ///
    /// - Throws: `M_INVALID_USERNAME`, `M_USER_IN_USE`.
    package func makeAccount(
        _ username: String, password: String, isAdministrator: Bool = false, displayName: String? = nil
    ) async throws -> UserRecord {
        let userID = try await available(username)
        return try await make(
            userID, passwordHash: try await hasher.hash(password), isAdministrator: isAdministrator,
            displayName: displayName)
    }

    // MARK: Steps

    /// - Parameter userID: `nil` for a name that we choose.
    private func make(
        _ userID: UserID?, passwordHash: String?, isAdministrator: Bool = false, isGuest: Bool = false,
        displayName: String? = nil, session: TokenHash? = nil, deviceID: String? = nil
    ) async throws -> UserRecord {
        for _ in 0..<Self.maxChosenNames {
            let chosen = telemetry.random.token(length: Self.chosenNameLength, alphabet: .lowerCase)
            let user = try await interning.user(try userID ?? names.userID(registering: chosen))
            let account = NewAccount(
                user: user, passwordHash: passwordHash, isAdministrator: isAdministrator, isGuest: isGuest,
                displayName: displayName ?? (userID == nil ? nil : user.userID.localpart), session: session,
                deviceID: deviceID)
            let outcome = try await accounts.create(
                account, oldestSession: interactive.oldest, now: telemetry.clock.nowMilliseconds)
            switch outcome {
            case .made: return user
            case .nameIsTaken: if userID != nil { throw MatrixError.userInUse }
            case .sessionIsOver: throw AuthSessionIsOver()
            }
        }
        throw MatrixError.userInUse
    }

    private func finish(
        _ user: UserRecord, _ device: DeviceRequest, _ request: RegistrationRequest, verifiedHash: String?
    ) async throws -> RegisteredAccount {
        if request.inhibitsLogin == true { return RegisteredAccount(userID: user.userID, session: nil) }
        return RegisteredAccount(
            userID: user.userID, session: try await devices.open(device, for: user, verifiedHash: verifiedHash))
    }

    /// Answers a repetition of the request that made the account: the same device again, with tokens in place of those
    /// whose delivery nobody knows of. So one session never has more than one valid token.
    private func repeated(
        _ request: RegistrationRequest, of session: AuthSessionRecord
    ) async throws -> RegisteredAccount {
        guard let spent = session.spentMilliseconds, let account = session.accountNID,
            telemetry.clock.nowMilliseconds - spent <= Self.repetitionWindow.wholeMilliseconds
        else { throw MatrixError.forbidden("The session is over") }
        let user = try await interning.user(account)
        guard request.inhibitsLogin != true, let deviceID = session.accountDeviceID else {
            return RegisteredAccount(userID: user.userID, session: nil)
        }
        let device = try request.device().withID(deviceID)
        return try await finish(user, device, request, verifiedHash: nil)
    }
}

extension Optional {
    /// `map` for what takes a while.
    func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
