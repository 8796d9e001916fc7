package import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// Tokens with which users prove to others who they are. They are good for nothing else: whoever is given one learns the
/// user's id from this server and can do nothing in the user's name.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#openid
package struct OpenIDTokens: Sendable {
    package static let lifetime = Duration.seconds(3600)
    /// Letters and digits of randomness: 190 bits.
    private static let randomLength = 32
    /// None of ours is longer, and nobody should have us hash megabytes.
    private static let maxTokenBytes = 255

    private let store: OpenIDStore
    private let clock: any Clock
    private let random: any RandomSource

    package init(store: OpenIDStore, telemetry: Telemetry) {
        self.store = store
        clock = telemetry.clock
        random = telemetry.random
    }

    /// A new token for a user, good for ``lifetime``.
    package func issue(for user: LocalUser) async throws -> String {
        let token = random.token(length: Self.randomLength)
        let now = clock.nowMilliseconds
        try await store.issue(
            TokenHash(of: token), for: user.userNID, expires: now + Self.lifetime.wholeMilliseconds, now: now)
        return token
    }

    /// Who had a token given.
    ///
    /// - Throws: `M_UNKNOWN_TOKEN` when nobody had, or it has expired.
    package func owner(of token: String) async throws -> UserID {
        guard token.utf8.count <= Self.maxTokenBytes,
            let owner = try await store.owner(of: TokenHash(of: token), now: clock.nowMilliseconds)
        else { throw MatrixError(.unknownToken, "Access token unknown or expired") }
        return owner
    }
}
