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
        let digest = BLAKE2b.hash128(bytes)
        high = digest.littleEndian(at: 0)
        low = digest.littleEndian(at: 8)
    }
}
