package import FederationAPI
package import MatrixCore

/// The keys with which this server signs, and signed.
package struct OwnKeys: Sendable {
    package let current: SigningKey
    package let old: [SigningKeyID: ServerKeys.OldKey]

    package init(current: SigningKey, old: [SigningKeyID: ServerKeys.OldKey] = [:]) {
        self.current = current
        self.old = old
    }

    /// The public half of one of them, if it was in use at a time.
    package func key(_ id: SigningKeyID, validAtMilliseconds: Int64) -> Ed25519PublicKey? {
        if id == current.id { return current.publicKey }
        guard let old = old[id], old.expiredMilliseconds >= validAtMilliseconds else { return nil }
        return old.key
    }
}
