package import Cluster
package import HTTPAPI
import MatrixCore
package import Storage
package import Telemetry

/// Finds out who presents an access token. From memory when the worker has seen the token lately.
package final class AccessTokens: UserAuthenticator {
    /// What a locked account still may do.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-locking
    private static let allowedWhileLocked: Set<String> = ["logout", "logout_all"]

    private let devices: DeviceStore
    private let feed: LogFeed
    private let sightings: DeviceSightings
    private let clock: any Clock
    private let cache = AccessTokenCache()

    /// Begins to follow the log, for the tokens that end.
    package init(devices: DeviceStore, feed: LogFeed, sightings: DeviceSightings, telemetry: Telemetry) {
        self.devices = devices
        self.feed = feed
        self.sightings = sightings
        clock = telemetry.clock
        _ = feed.observe { [cache] row in cache.observe(row) }
    }

    package func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
        guard let found = try await find(TokenHash(of: token.secret)) else { return nil }
        let now = clock.nowMilliseconds
        if let expires = found.expiresMilliseconds, expires <= now { throw MatrixError.unknownToken(softLogout: true) }
        if found.isLocked, !Self.allowedWhileLocked.contains(request.route.operation) {
            throw MatrixError.accountIsLocked
        }
        sightings.note(
            DeviceSighting(
                userNID: found.userNID, deviceID: found.deviceID, atMilliseconds: now, address: request.clientAddress))
        return LocalUser(
            userID: found.userID, userNID: found.userNID, deviceID: found.deviceID, tokenID: found.tokenID,
            isGuest: found.isGuest, isAdministrator: found.isAdministrator, isSuspended: found.isSuspended,
            clientAddress: request.clientAddress)
    }

    private func find(_ hash: TokenHash) async throws -> AccessTokenRecord? {
        if let known = cache.token(hash, at: clock.monotonic) {
            // What another worker has done to the account since, such as ended the token, is heard of within milliseconds.
            // Without hints it would be a second, and that is too long.
            if feed.hearsAtOnce { return known }
            try await feed.reachPresent(of: [feed.installation.shard(of: known.userID.description)])
            if let known = cache.token(hash, at: clock.monotonic) { return known }
        }
        let generation = cache.generation
        let readAt = clock.monotonic
        guard let found = try await devices.accessToken(hash) else { return nil }
        if let refresh = found.unconfirmedRefresh {
            // Its first use ends the tokens that it replaces. Cached the next time, when it is known to be in use.
            if let (user, position) = try await devices.confirm(refresh, now: clock.nowMilliseconds) {
                feed.announce(.access, at: position, user: user)
            }
        } else {
            cache.keep(found, for: hash, readAt: readAt, generation: generation)
        }
        return found
    }
}
