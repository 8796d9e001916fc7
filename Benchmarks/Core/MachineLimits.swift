import CSodium

/// What this machine can do at best, measured in the same run as what is compared with it.
enum MachineLimits {
    /// libsodium's SHA-256 over some bytes.
    static func sha256Nanoseconds(_ bytes: [UInt8]) -> Double {
        var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        return Meter.best(runs: 2_000) { crypto_hash_sha256(&hash, bytes, UInt64(bytes.count)) }
    }

    /// One copy of some bytes to memory that is there already.
    static func copyNanoseconds(_ bytes: [UInt8]) -> Double {
        var target = [UInt8](repeating: 0, count: bytes.count)
        return Meter.best(runs: 20_000) {
            target.withUnsafeMutableBytes { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
            keep(target[0])
        }
    }

    /// libsodium's check of one signature over some bytes.
    static func verifyNanoseconds(_ message: [UInt8]) -> Double {
        var publicKey = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        var secretKey = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
        var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
        let seed = [UInt8](repeating: 9, count: Int(crypto_sign_SEEDBYTES))
        guard sodium_init() >= 0, crypto_sign_seed_keypair(&publicKey, &secretKey, seed) == 0,
            crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretKey) == 0
        else { return .infinity }
        return Meter.best(runs: 200) {
            keep(UInt8(crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey) & 1))
        }
    }

    /// Keeps the compiler from leaving out what nobody looks at.
    @inline(never) static func keep(_ byte: UInt8) {}
}
