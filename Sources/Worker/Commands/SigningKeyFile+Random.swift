import MatrixCore
package import ServerConfiguration
package import Telemetry

extension SigningKeyFile {
    /// The keys; a server that has none yet gets one, made from `random`.
    package func loadOrCreate(_ random: any RandomSource) throws(SigningKeyFileError) -> SigningKeyRing {
        try loadOrCreate(version: random.signingKeyVersion, seed: random.bytes(Ed25519PrivateKey.seedByteCount))
    }
}

extension RandomSource {
    /// A name for a new key: letters enough that two keys of a server never share one.
    var signingKeyVersion: String { "a_\(token(length: 6))" }
}
