import Cluster
import MatrixCore
import Storage
import Testing

struct SlidingPositionTests {
    private static let position = SlidingPosition(
        token: SyncToken(log: LogVector((0..<16).map { Int64($0) * 1_000 }), ephemeral: 1_700_000_000_000_000),
        owner: 1 << 47, issuedAt: 500_000, base: 12, changes: [1, 2, 3])

    @Test func survivesTheRoundTrip() throws {
        let text = Self.position.encoded(incarnation: 7)
        #expect(try SlidingPosition(text, incarnation: 7, shards: 16) == Self.position)
        #expect(text.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") })
        #expect(throws: SyncToken.DecodingFailure.otherIncarnation) {
            try SlidingPosition(text, incarnation: 8, shards: 16)
        }
        #expect(throws: SyncToken.DecodingFailure.malformed) { try SlidingPosition(text, incarnation: 7, shards: 15) }
        // It also stands for a place in history.
        #expect(SyncToken.ofAnySync(text, incarnation: 7, shards: 16) == Self.position.token)
        let token = Self.position.token.encoded(incarnation: 7)
        #expect(SyncToken.ofAnySync(token, incarnation: 7, shards: 16) == Self.position.token)
        #expect(SyncToken.ofAnySync("x", incarnation: 7, shards: 16) == nil)
    }

    @Test func whatIsCutOffIsRefused() {
        let text = Self.position.encoded(incarnation: 7)
        for count in 0..<60 {
            #expect(throws: SyncToken.DecodingFailure.self) {
                try SlidingPosition(String(text.prefix(count)), incarnation: 7, shards: 16)
            }
        }
    }
}
