import MatrixCore

/// What the database knows of a secret that a client holds: an access or refresh token, a session of user-interactive
/// authentication.
///
/// Such secrets are long and random, so a plain hash is as good as a slow one.
package struct TokenHash: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(of secret: String) { bytes = BLAKE2b.hash256(Array(secret.utf8)) }

    init(stored bytes: [UInt8]) { self.bytes = bytes }
}
