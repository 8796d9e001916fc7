/// The kernel's cryptographic generator.
package struct SystemRandomSource: RandomSource {
    package init() {}

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        // The standard library's generator reads getrandom(2), which is cryptographically secure and never runs dry.
        var generator = SystemRandomNumberGenerator()
        var offset = 0
        while offset < bytes.count {
            var word = generator.next()
            let count = min(MemoryLayout<UInt64>.size, bytes.count - offset)
            withUnsafeBytes(of: &word) { word in
                UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
            }
            offset += count
        }
    }
}
