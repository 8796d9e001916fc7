import Cluster
import MatrixCore
import Storage
import Telemetry
import Testing

struct LogHintTests {
    private static let row = LogRow(
        shard: 3, position: 1_000_001, kind: .roomEvents, roomNID: RoomNID(42), userNID: nil,
        eventNIDs: [EventNID(64), EventNID(1 << 40)], memberNIDs: [UserNID(7)],
        redacted: [EventID("$abc:example.org")!, EventID("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg")!])

    private static func stateRow(changes: Bool) -> LogRow {
        let root = (try? StateRoot(encoded: [1] + (1...30).map { UInt8($0) })) ?? .empty
        return LogRow(
            shard: 2, position: 5, kind: .roomEvents, roomNID: RoomNID(1), eventNIDs: [EventNID(9)],
            state: LogStateChange(before: changes ? .empty : root, after: root), writtenAt: 1_700_000_000_000)
    }

    @Test func survivesTheRoundTrip() {
        let rows = [
            Self.row, Self.stateRow(changes: true), Self.stateRow(changes: false),
            LogRow(shard: 0, position: 1, kind: .accountData, userNID: UserNID(9)),
            LogRow(shard: 15, position: .max, kind: .membership, roomNID: RoomNID(1), userNID: UserNID(2)),
        ]
        for row in rows {
            let hint = LogHint(row, previous: row.position - 1)
            #expect(LogHint(hint.encoded(), shards: 16) == hint)
        }
    }

    @Test func leavesTheContentOutWhenItIsTooMuch() throws {
        let members = (1...100_000).map { UserNID(Int64($0)) }
        for count in [6000, 100_000] {
            let row = LogRow(
                shard: 1, position: 10, kind: .roomEvents, roomNID: RoomNID(1), memberNIDs: Array(members.suffix(count))
            )
            let bytes = LogHint(row, previous: 9).encoded()
            #expect(bytes.count <= LogHint.maxBytes)
            let hint = try #require(LogHint(bytes, shards: 16))
            #expect(hint.row == nil)
            #expect((hint.shard, hint.position, hint.previous) == (1, 10, 9))
        }
    }

    @Test func readsAKindOfALaterReleaseAsOneToLookUp() throws {
        // Version, shard, position, previous, kind 120 and what that may mean.
        let hint = try #require(LogHint([1, 2, 8, 7, 120, 1, 2, 3], shards: 16))
        #expect(hint.row == nil)
        #expect(hint.position == 8)
    }

    @Test func refusesWhatCannotBe() {
        let good = LogHint(Self.row, previous: 1_000_000).encoded()
        for length in 0..<good.count { #expect(LogHint(Array(good.prefix(length)), shards: 16) == nil) }
        #expect(LogHint(good + [0], shards: 16) == nil)
        #expect(LogHint(good, shards: 3) == nil, "a shard that is not there")
        #expect(LogHint(LogHint(Self.row, previous: 1_000_001).encoded(), shards: 16) == nil, "before itself")
        #expect(LogHint([UInt8](repeating: 0xFF, count: 9000), shards: 16) == nil)
    }

    @Test func hintsOfOneCommitAreOneMessage() {
        let rows = (0..<40).map {
            LogRow(shard: Int16($0 % 16), position: 9, kind: .toDevice, userNID: UserNID(Int64($0 + 1)))
        }
        let hints = rows.map { LogHint($0, previous: 8) }
        for count in [0, 1, 2, 40] {
            let some = Array(hints.prefix(count))
            let messages = LogHint.packed(some)
            #expect(messages.count == min(count, 1))
            #expect(messages.flatMap { LogHint.unpacked($0, shards: 16) } == some)
        }
        #expect(LogHint.packed(hints)[0].count < 40 * 16)
        // What a single one has, any listener reads, of an earlier release too.
        #expect(LogHint.packed([hints[0]]) == [hints[0].encoded()])
    }

    @Test func manyHintsAreSeveralMessages() {
        let members = (1...2_000).map { UserNID(Int64($0) << 30) }
        var hints = (1...9).map { position in
            LogHint(
                LogRow(
                    shard: 1, position: Int64(position), kind: .roomEvents, roomNID: RoomNID(1),
                    memberNIDs: Array(members.prefix(300))), previous: Int64(position) - 1)
        }
        // As large as one may be, and one that is too large for its content.
        for count in [1_355, 2_000] {
            let row = LogRow(
                shard: 1, position: 10, kind: .roomEvents, roomNID: RoomNID(1), memberNIDs: Array(members.prefix(count))
            )
            hints.append(LogHint(row, previous: 9))
        }
        let messages = LogHint.packed(hints)
        #expect(messages.count > 2 && messages.allSatisfy { $0.count <= LogHint.maxBytes })
        let read = messages.flatMap { LogHint.unpacked($0, shards: 16) }
        #expect(Set(read.map(\.position)) == Set(hints.map(\.position)) && read.count == hints.count)
    }

    @Test func aMalformedHintEndsItsMessage() {
        let hints = (0..<3).map { LogHint(LogRow(shard: Int16($0), position: 9, kind: .toDevice), previous: 8) }
        let message = LogHint.packed(hints)[0]
        for length in 0..<message.count {
            let read = LogHint.unpacked(Array(message.prefix(length)), shards: 16)
            #expect(read == Array(hints.prefix(read.count)))
        }
        #expect(LogHint.unpacked(message, shards: 2) == Array(hints.prefix(2)))
        #expect(LogHint.unpacked([2, 0, 0], shards: 16).isEmpty && LogHint.unpacked([], shards: 16).isEmpty)
        #expect(LogHint.unpacked([2] + [UInt8](repeating: 1, count: 9000), shards: 16).isEmpty)
        let random = SeededRandomSource(seed: 5)
        for _ in 0..<20_000 {
            var noise = message
            noise[Int(random.number(below: UInt64(noise.count)))] = UInt8(truncatingIfNeeded: random.next())
            _ = LogHint.unpacked(noise, shards: 16)
        }
    }

    @Test func neverTrapsOnNoise() {
        let random = SeededRandomSource(seed: 4)
        var good = LogHint(Self.row, previous: 1_000_000).encoded()
        for _ in 0..<20_000 {
            let index = Int(random.number(below: UInt64(good.count)))
            let byte = good[index]
            good[index] = UInt8(truncatingIfNeeded: random.next())
            _ = LogHint(good, shards: 16)
            if random.number(below: 3) > 0 { good[index] = byte }
        }
    }
}
