import CSodium

/// How much work a password hash costs, for us and for whoever stole the table.
package struct PasswordCost: Hashable, Sendable {
    package let operations: UInt64
    package let memoryBytes: Int

    /// OWASP's recommendation for argon2id: about 25 ms.
    package static let standard = PasswordCost(operations: 2, memoryBytes: 19 << 20)
    /// The least that the algorithm can do, for tests.
    package static let minimum = PasswordCost(operations: 1, memoryBytes: 8 << 10)

    package init(operations: UInt64, memoryBytes: Int) {
        self.operations = max(operations, 1)
        self.memoryBytes = max(memoryBytes, 8 << 10)
    }
}

/// Passwords as argon2id hashes, which carry their own salt and cost (`$argon2id$v=19$...`).
///
/// Cost: tens of milliseconds and megabytes by intention. Call it on a bounded pool of threads, never on the cooperative
/// one. The salt comes from libsodium's generator.
package enum PasswordHash {
    /// Longer passwords are refused, since reading them takes time too.
    package static let longestPasswordBytes = 4096

    /// - Throws: `outOfResources` when the memory cannot be had, or the password is too long.
    package static func make(_ password: String, cost: PasswordCost) throws(CryptographyError) -> String {
        Sodium.prepare()
        guard password.utf8.count <= longestPasswordBytes else { throw .outOfResources }
        var output = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let status = crypto_pwhash_str_alg(
            &output, password, UInt64(password.utf8.count), cost.operations, cost.memoryBytes,
            crypto_pwhash_ALG_ARGON2ID13)
        guard status == 0 else { throw .outOfResources }
        return text(output)
    }

    /// Whether `hash` was made of `password`. `false` also for what is no hash.
    package static func verify(_ password: String, hash: String) -> Bool {
        Sodium.prepare()
        guard password.utf8.count <= longestPasswordBytes, isStorable(hash) else { return false }
        return crypto_pwhash_str_verify(hash, password, UInt64(password.utf8.count)) == 0
    }

    /// Whether `hash` was made with another cost, and should be made again while the password is at hand.
    package static func needsRenewal(_ hash: String, cost: PasswordCost) -> Bool {
        guard isStorable(hash) else { return true }
        return crypto_pwhash_str_needs_rehash(hash, cost.operations, cost.memoryBytes) != 0
    }

    /// libsodium reads hashes from a buffer of this size.
    private static func isStorable(_ hash: String) -> Bool { hash.utf8.count < Int(crypto_pwhash_STRBYTES) }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
