package import MatrixCore

/// What a client says of a backup of room keys: how they are encrypted.
package struct KeyBackupDescription: Sendable {
    /// The longest name of an algorithm, in bytes.
    static let maxAlgorithmBytes = 255
    /// The longest `auth_data`, in bytes: signatures of a hundred devices fit.
    package static let maxAuthDataBytes = 65_536
    static let megolm = "m.megolm_backup.v1.curve25519-aes-sha2"
    private static let curve25519Bytes = 32

    package let algorithm: String
    /// JSON, as the client wrote it.
    package let authData: [UInt8]

    /// - Throws: `M_TOO_LARGE`, or `M_INVALID_PARAM` when `authData` is not what the algorithm asks for. Of algorithms that
    ///   nobody has specified everything is taken.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#backup-algorithm-mmegolm_backupv1curve25519-aes-sha2
    package init(algorithm: String, authData: JSONView) throws(MatrixError) {
        guard !algorithm.isEmpty, algorithm.utf8.count <= Self.maxAlgorithmBytes, !algorithm.utf8.contains(0) else {
            throw .invalidParam("algorithm is not valid")
        }
        let bytes = authData.rawBytes
        guard bytes.count <= Self.maxAuthDataBytes else { throw MatrixError(.tooLarge, "auth_data is too large") }
        if algorithm == Self.megolm { try Self.checkMegolm(authData) }
        self.algorithm = algorithm
        self.authData = Array(bytes)
    }

    /// A key with which nothing can be encrypted would lose what is backed up.
    private static func checkMegolm(_ authData: JSONView) throws(MatrixError) {
        guard let key = authData["public_key"]?.string, Base64.decode(key)?.count == curve25519Bytes else {
            throw .invalidParam("auth_data.public_key must be a curve25519 key")
        }
        if let signatures = authData["signatures"], !signatures.isObject {
            throw .invalidParam("auth_data.signatures must be an object")
        }
    }
}
