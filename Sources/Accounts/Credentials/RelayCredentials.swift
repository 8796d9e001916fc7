package import HTTPAPI
import MatrixCore
package import Telemetry

/// Lets users through to the relays for calls, for a while: the relay makes the same password of the same secret, and so
/// need not ask us.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#voice-over-ip
package struct RelayCredentials: Sendable {
    private let uris: [String]
    private let secret: [UInt8]
    private let lifetime: Duration
    private let allowsGuests: Bool
    private let clock: any Clock

    /// - Parameter secret: what the relay has as `static-auth-secret`.
    package init(uris: [String], secret: String, lifetime: Duration, allowsGuests: Bool, clock: any Clock) {
        self.uris = uris
        self.secret = Array(secret.utf8)
        self.lifetime = lifetime
        self.allowsGuests = allowsGuests
        self.clock = clock
    }

    package struct Grant: Sendable {
        /// Until when it is good, in seconds since 1970, and for whom.
        package let username: String
        package let password: String
        package let uris: [String]
        package let secondsToLive: Int64
    }

    /// - Throws: `M_GUEST_ACCESS_FORBIDDEN` for a guest, where guests may not use the relays.
    package func grant(to user: LocalUser) throws -> Grant {
        guard allowsGuests || !user.isGuest else {
            throw MatrixError(.guestAccessForbidden, "Guests may not use the relays for calls")
        }
        let seconds = lifetime.components.seconds
        let username = "\(clock.nowMilliseconds / 1000 + seconds):\(user.userID)"
        let mac = try HMAC.sha1(Array(username.utf8), key: secret)
        // Twenty bytes: relays compare with the padded form.
        return Grant(
            username: username, password: Base64.encode(mac) + "=", uris: uris, secondsToLive: seconds)
    }
}
