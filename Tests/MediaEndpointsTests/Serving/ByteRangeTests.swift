import Testing

@testable import MediaEndpoints

@Suite struct ByteRangeTests {
    @Test(
        arguments: [
            ("bytes=0-4", 0, 5), ("bytes=5-", 5, 10), ("bytes=-3", 7, 10), ("bytes=-30", 0, 10), ("bytes=2-99", 2, 10),
            ("Bytes=9-9", 9, 10),
        ] as [(String, Int64, Int64)])
    func readsOnePart(_ header: String, _ from: Int64, _ to: Int64) {
        #expect(ByteRange(header, of: 10) == .part(from..<to))
    }

    @Test(arguments: [
        nil, "", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2",
        "bytes=99999999999999999999-", "0-1",
    ])
    func doesNotHeedTheRest(_ header: String?) { #expect(ByteRange(header, of: 10) == .whole) }

    @Test(arguments: ["bytes=10-", "bytes=10-20", "bytes=-0"])
    func refusesWhatIsBeyondTheEnd(_ header: String) { #expect(ByteRange(header, of: 10) == .unsatisfiable) }

    @Test func aLargestNumberDoesNoHarm() {
        #expect(ByteRange("bytes=0-9223372036854775807", of: 10) == .part(0..<10))
        #expect(ByteRange("bytes=-9223372036854775807", of: 10) == .part(0..<10))
        #expect(ByteRange("bytes=0-0", of: 0) == .unsatisfiable)
    }
}
