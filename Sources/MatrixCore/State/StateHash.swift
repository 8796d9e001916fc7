import CSodium

/// 128 bits that stand for the content of a node.
struct StateHash: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The BLAKE2b-128 of the bytes.
    init(of bytes: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: 16)
        // Cannot fail: it refuses only a key or an output of an impossible length.
        _ = crypto_generichash(&digest, digest.count, bytes, UInt64(bytes.count), nil, 0)
        high = digest.littleEndian(at: 0)
        low = digest.littleEndian(at: 8)
    }
}
