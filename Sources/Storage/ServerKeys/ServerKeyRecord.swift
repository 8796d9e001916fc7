package import MatrixCore

/// A key of another server, as it was last seen.
package struct ServerKeyRecord: Sendable, Hashable {
    package let id: SigningKeyID
    package let key: Ed25519PublicKey
    /// Signatures count up to this time. For a key that is not in use any more: when it was last.
    package let validUntilMilliseconds: Int64
    package let fetchedMilliseconds: Int64

    package init(
        id: SigningKeyID, key: Ed25519PublicKey, validUntilMilliseconds: Int64, fetchedMilliseconds: Int64
    ) {
        self.id = id
        self.key = key
        self.validUntilMilliseconds = validUntilMilliseconds
        self.fetchedMilliseconds = fetchedMilliseconds
    }
}

/// What a server last published about its keys, with its signatures, for handing it on.
package struct ServerKeyDocument: Sendable, Hashable {
    /// Canonical JSON.
    package let json: [UInt8]
    package let validUntilMilliseconds: Int64
    package let fetchedMilliseconds: Int64

    package init(json: [UInt8], validUntilMilliseconds: Int64, fetchedMilliseconds: Int64) {
        self.json = json
        self.validUntilMilliseconds = validUntilMilliseconds
        self.fetchedMilliseconds = fetchedMilliseconds
    }
}
