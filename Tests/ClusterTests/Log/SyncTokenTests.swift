import Cluster
import MatrixCore
import Storage
import Testing

struct SyncTokenTests {
    private static let incarnation: UInt32 = 0xDEAD_BEEF

    private static let vectors: [[Int64]] = [
        Array(repeating: 0, count: 16), Array(1...16), [.max, 1, 0, 127, 128, 16_383, 16_384, 1 << 40],
        Array(repeating: .max, count: 256),
    ]
    private static let serials: [Int64] = [0, 7, 1_700_000_000_000_000, .max]

    @Test(arguments: vectors, serials)
    func survivesTheRoundTrip(positions: [Int64], ephemeral: Int64) throws {
        let token = SyncToken(log: LogVector(positions), ephemeral: ephemeral)
        let text = token.encoded(incarnation: Self.incarnation)
        #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2B && $0 != 0x2F })
        #expect(text.utf8.count <= SyncToken.maxLength)
        #expect(try SyncToken(text, incarnation: Self.incarnation, shards: positions.count) == token)
    }

    @Test func tellsATokenOfAnotherDatabaseFromGarbage() {
        let text = SyncToken(log: .zero(shards: 4), ephemeral: 1).encoded(incarnation: 1)
        #expect(throws: SyncToken.DecodingFailure.otherIncarnation) {
            try SyncToken(text, incarnation: 2, shards: 4)
        }
    }

    @Test(arguments: [
        "", "s", "x", "s!!!", "s72594_4483_1934", "t1-2-3", "sAQ", "sAgAAAAEAAQA",
        String(repeating: "s", count: 5000),
    ])
    func refusesWhatIsNoToken(text: String) {
        #expect(throws: SyncToken.DecodingFailure.self) {
            try SyncToken(text, incarnation: Self.incarnation, shards: 4)
        }
    }

    @Test func refusesNumbersThatDoNotFit() {
        let negative: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        let header: [UInt8] = [1, 0xDE, 0xAD, 0xBE, 0xEF]
        for body in [negative + [1, 1], [1, 1] + negative, [1, 2, 1], [1, 1, 1, 1], [1, 1, 0x80]] {
            #expect(throws: SyncToken.DecodingFailure.malformed) {
                try SyncToken("s" + Base64.encodeURLSafe(header + body), incarnation: Self.incarnation, shards: 1)
            }
        }
    }
}
