import MatrixCore
import Testing

@Suite struct SHA256StreamTests {
    @Test(arguments: [0, 1, 63, 64, 65, 10_000]) func piecesHashLikeTheWhole(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        var stream = try SHA256.Stream()
        for start in stride(from: 0, to: count, by: 37) {
            bytes[start..<min(count, start + 37)].withUnsafeBytes { stream.update($0) }
        }
        #expect(try stream.finish() == SHA256.hash(bytes))
    }
}
