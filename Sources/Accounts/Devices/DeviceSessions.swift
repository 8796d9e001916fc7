package import Cluster
package import HTTPAPI
import MatrixCore
package import Storage
package import Telemetry

/// Devices of local users: opened with tokens, refreshed, listed, renamed and closed.
package struct DeviceSessions: Sendable {
    /// How long an access token lives that the client can refresh.
    package static let refreshableLifetime = Duration.seconds(3600)
    /// Devices that one request may close.
    package static let maxClosedAtOnce = 1000

    let devices: DeviceStore
    let interning: Interning
    let feed: LogFeed
    let mint: TokenMint
    let clock: any Clock

    package init(devices: DeviceStore, interning: Interning, feed: LogFeed, telemetry: Telemetry) {
        self.devices = devices
        self.interning = interning
        self.feed = feed
        mint = TokenMint(random: telemetry.random)
        clock = telemetry.clock
    }

    /// Logs a device in, and ends the tokens that it had before.
    ///
    /// - Parameter verifiedHash: what a password was checked against.
    /// - Throws: `M_FORBIDDEN` when the account is not what it was when the user proved to be its owner.
    package func open(
        _ request: DeviceRequest, for user: UserRecord, verifiedHash: String?
    ) async throws -> IssuedSession {
        let deviceID = request.deviceID ?? mint.deviceID()
        let now = clock.nowMilliseconds
        let tokens = MintedTokens(
            forLocalpart: user.userID.localpart, withRefresh: request.wantsRefreshToken, mint: mint,
            lifetime: Self.refreshableLifetime, now: now)
        let outcome = try await devices.open(
            DeviceOpening(
                user: user, deviceID: deviceID, displayName: request.displayName, address: request.address,
                tokens: tokens.stored, verifiedHash: verifiedHash), now: now)
        switch outcome {
        case .opened(let listed): feed.announce(.deviceLists, at: listed, user: user.nid)
        case .reopened(let ended): if let ended { feed.announce(.access, at: ended, user: user.nid) }
        case .accountHasChanged: throw MatrixError.forbidden("Invalid username or password")
        case .tooManyDevices: throw Self.tooManyDevices
        }
        return IssuedSession(userID: user.userID, deviceID: deviceID, tokens: tokens.issued)
    }

    /// New tokens for a refresh token.
    ///
    /// - Throws: `M_UNKNOWN_TOKEN` when nobody has it (any more).
    package func refresh(_ refreshToken: String) async throws -> IssuedTokens {
        guard let localpart = TokenMint.localpart(ofRefreshToken: refreshToken) else {
            throw MatrixError.unknownToken()
        }
        let now = clock.nowMilliseconds
        let tokens = MintedTokens(
            forLocalpart: localpart, withRefresh: true, mint: mint, lifetime: Self.refreshableLifetime, now: now)
        switch try await devices.refresh(TokenHash(of: refreshToken), with: tokens.stored, now: now) {
        case .refreshed(let confirmed):
            if let (user, position) = confirmed { feed.announce(.access, at: position, user: user) }
            return tokens.issued
        case .unknown: throw MatrixError.unknownToken()
        case .accountIsLocked: throw MatrixError.accountIsLocked
        }
    }

    // MARK: Reading and renaming

    package func list(of user: LocalUser) async throws -> [KnownDevice] {
        try await devices.devices(of: user.userNID).map(KnownDevice.init)
    }

    /// - Throws: `M_NOT_FOUND` when the user has no such device.
    package func device(_ deviceID: String, of user: LocalUser) async throws -> KnownDevice {
        guard let device = try await devices.device(deviceID, of: user.userNID) else {
            throw MatrixError.notFound("You have no such device")
        }
        return KnownDevice(device)
    }

    /// - Throws: `M_NOT_FOUND` when the user has no such device.
    package func rename(_ deviceID: String, of user: LocalUser, to name: String?) async throws {
        guard let name else {
            _ = try await device(deviceID, of: user)
            return
        }
        try DeviceRequest.check(displayName: name)
        let record = try await interning.user(user.userNID)
        let change = try await devices.rename(deviceID, of: record, to: name, now: clock.nowMilliseconds)
        guard let change else { throw MatrixError.notFound("You have no such device") }
        if let position = change.position { feed.announce(.deviceLists, at: position, user: record.nid) }
    }

    /// Renames a device. One that is not there is made for an application service, and for nobody else.
    ///
    /// - Returns: whether it is new.
    /// - Throws: `M_NOT_FOUND`; for an application service `M_INVALID_PARAM` for what cannot be a device's id, and
    ///   `M_RESOURCE_LIMIT_EXCEEDED`.
    package func renameOrCreate(_ deviceID: String, of user: LocalUser, to name: String?) async throws -> Bool {
        do {
            try await rename(deviceID, of: user, to: name)
            return false
        } catch let error as MatrixError where error.errcode == .notFound && user.appService != nil {
            guard OpaqueIdentifier.isDeviceID(deviceID) else { throw MatrixError.invalidParam("That is no device id") }
            let record = try await interning.user(user.userNID)
            let outcome = try await devices.create(deviceID, of: record, named: name, now: clock.nowMilliseconds)
            switch outcome {
            case .created(let listed):
                feed.announce(.deviceLists, at: listed, user: record.nid)
                return true
            // Two requests at once.
            case .isThere:
                try await rename(deviceID, of: user, to: name)
                return false
            case .noAccount: throw error
            case .tooManyDevices: throw Self.tooManyDevices
            }
        }
    }

    private static var tooManyDevices: MatrixError {
        MatrixError(.resourceLimitExceeded, "This account has too many devices")
    }

    // MARK: Closing

    /// Ends the device that the request came from.
    package func logOut(_ user: LocalUser) async throws {
        guard let deviceID = user.deviceID else { return }
        try await close([deviceID], of: user)
    }

    package func logOutEverywhere(_ user: LocalUser) async throws {
        let record = try await interning.user(user.userNID)
        feed.announce(try await devices.closeAll(of: record, now: clock.nowMilliseconds), of: record)
    }

    /// Ends devices; those that are not there are no error.
    package func close(_ deviceIDs: [String], of user: LocalUser) async throws {
        let record = try await interning.user(user.userNID)
        feed.announce(try await devices.close(deviceIDs, of: record, now: clock.nowMilliseconds), of: record)
    }
}

extension LogFeed {
    /// Tells all workers what ended.
    func announce(_ change: AccessChange, of user: UserRecord) {
        if let position = change.position { announce(.access, at: position, user: user.nid) }
        if let position = change.deviceLists { announce(.deviceLists, at: position, user: user.nid) }
    }
}
