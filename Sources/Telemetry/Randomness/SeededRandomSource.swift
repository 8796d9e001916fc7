import Synchronization

/// Randomness that a seed repeats (SplitMix64): for simulations and tests, never for secrets.
package final class SeededRandomSource: RandomSource {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) { state = Mutex(seed) }

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        state.withLock { state in
            var offset = 0
            while offset < bytes.count {
                state &+= 0x9E37_79B9_7F4A_7C15
                var word = state
                word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
                word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
                word ^= word >> 31
                let count = min(MemoryLayout<UInt64>.size, bytes.count - offset)
                withUnsafeBytes(of: &word) { word in
                    UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
                }
                offset += count
            }
        }
    }
}
