import MatrixCore
import Storage
package import Telemetry

/// Makes the secrets that clients hold.
package struct TokenMint: Sendable {
    /// Letters and digits of randomness: 190 bits.
    private static let randomLength = 32
    /// Letters of a device id that we choose.
    private static let deviceIDLength = 10
    private static let refreshPrefix = "apusr"
    /// No token of ours is longer.
    private static let maxTokenBytes = 512

    let random: any RandomSource

    package init(random: any RandomSource) { self.random = random }

    /// `apus_<localpart in url-safe base64>_<random>`: a load balancer can read the user from it, for consistent hashing.
    func accessToken(for localpart: String) -> String { token("apus", localpart) }

    func refreshToken(for localpart: String) -> String { token(Self.refreshPrefix, localpart) }

    /// The localpart that a refresh token names, if it has the form of one; nothing is proved by it.
    static func localpart(ofRefreshToken token: String) -> String? {
        guard token.utf8.count <= maxTokenBytes else { return nil }
        let end = token.lastIndex(of: "_") ?? token.startIndex
        guard token.hasPrefix(refreshPrefix + "_"), end > token.startIndex,
            let bytes = Base64.decode(String(token[..<end].dropFirst(refreshPrefix.utf8.count + 1)))
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A session of user-interactive authentication.
    package func session() -> String { random.token(length: Self.randomLength) }

    package func deviceID() -> String { random.token(length: Self.deviceIDLength, alphabet: .upperCase) }

    private func token(_ prefix: String, _ localpart: String) -> String {
        "\(prefix)_\(Base64.encodeURLSafe(Array(localpart.utf8)))_\(random.token(length: Self.randomLength))"
    }
}

/// The secrets of a device, as the client gets them, with what is stored of them.
struct MintedTokens {
    let access: String
    let refresh: String?
    let lifetime: Duration?
    let stored: NewTokens

    /// - Parameter withRefresh: whether the client can refresh; if not, its token does not expire.
    init(forLocalpart localpart: String, withRefresh: Bool, mint: TokenMint, lifetime: Duration, now: Int64) {
        access = mint.accessToken(for: localpart)
        refresh = withRefresh ? mint.refreshToken(for: localpart) : nil
        self.lifetime = withRefresh ? lifetime : nil
        stored = NewTokens(
            access: TokenHash(of: access),
            accessExpiresMilliseconds: self.lifetime.map { now + $0.wholeMilliseconds },
            refresh: refresh.map { TokenHash(of: $0) })
    }

    var issued: IssuedTokens { IssuedTokens(accessToken: access, refreshToken: refresh, expiresIn: lifetime) }
}
