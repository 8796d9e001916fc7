import Cluster
import MatrixCore
import Storage
import Testing

struct LogWindowTests {
    private func row(_ shard: Int16, _ position: Int64, room: Int64? = nil, user: Int64? = nil) -> LogRow {
        LogRow(
            shard: shard, position: position, kind: room == nil ? .accountData : .roomEvents,
            roomNID: room.map { RoomNID($0) },
            userNID: user.map { UserNID($0) })
    }

    @Test func takesRowsInOrderAndTellsGapsFromRepeats() {
        var window = LogWindow(startingAt: LogVector([10, 0]))
        #expect(window.apply(row(0, 11, room: 1), previous: 10) == .applied)
        #expect(window.apply(row(0, 11, room: 1), previous: 10) == .old)
        #expect(window.apply(row(0, 13, room: 1), previous: 12) == .gap(from: 11))
        #expect(window.apply(row(0, 12, room: 2), previous: 11) == .applied)
        #expect(window.apply(row(7, 1), previous: 0) == .old, "a shard that is not there")
        #expect(window.heads == LogVector([12, 0]))
    }

    @Test func knowsWhatChangedSince() {
        var window = LogWindow(startingAt: LogVector([0, 0]))
        _ = window.apply(row(0, 1, room: 1), previous: 0)
        _ = window.apply(row(0, 2, room: 2), previous: 1)
        _ = window.apply(row(1, 1, user: 5), previous: 0)
        _ = window.apply(row(0, 3, room: 1), previous: 2)
        #expect(window.rows(of: RoomNID(1), since: LogVector([0, 0])).map(\.position) == [1, 3])
        #expect(window.rows(of: RoomNID(1), since: LogVector([1, 0])).map(\.position) == [3])
        #expect(window.rows(of: RoomNID(2), since: LogVector([2, 0])).isEmpty)
        #expect(window.rows(of: UserNID(5), since: LogVector([2, 0])).map(\.position) == [1])
        #expect(window.rows(of: UserNID(5), since: LogVector([0, 1])).isEmpty)
    }

    @Test func findsTheRowsOfManyRoomsEitherWay() {
        var window = LogWindow(startingAt: LogVector([0]))
        for position in 1...40 {
            _ = window.apply(row(0, Int64(position), room: Int64(position % 4)), previous: Int64(position - 1))
        }
        // By rows when there are more rooms than rows, by rooms when there are fewer.
        let few = [RoomNID(1): 0, RoomNID(9): 0]
        let many = Dictionary(uniqueKeysWithValues: (1...100).map { (RoomNID(Int64($0)), 0) })
        for since in [Int64(0), 30, 39, 40] {
            let expected = (1...40).filter { $0 > since && $0 % 4 == 1 }
            for rooms in [few, many] {
                let rows = window.rows(of: rooms, since: LogVector([since]))
                #expect((rows[RoomNID(1)] ?? []).map(\.position) == expected.map { Int64($0) })
                #expect(rows[RoomNID(9)] == nil)
                #expect(rows[RoomNID(0)] == nil)
            }
        }
    }

    @Test func keepsAUsersRowsApartFromARooms() {
        var window = LogWindow(startingAt: LogVector([0]))
        let invite = LogRow(shard: 0, position: 1, kind: .membership, roomNID: RoomNID(1), userNID: UserNID(5))
        let receipt = LogRow(shard: 0, position: 2, kind: .receipts, roomNID: RoomNID(1), userNID: UserNID(5))
        _ = window.apply(invite, previous: 0)
        _ = window.apply(receipt, previous: 1)
        #expect(window.rows(of: RoomNID(1), since: LogVector([0])) == [receipt])
        #expect(window.rows(of: UserNID(5), since: LogVector([0])) == [invite])
    }

    @Test func forgetsTheOldestAndSaysSo() {
        var window = LogWindow(startingAt: LogVector([0]))
        let count = Int64(LogWindow.maxRowsPerShard) + 10
        for position in 1...count { _ = window.apply(row(0, position, room: position), previous: position - 1) }
        #expect(!window.reaches(LogVector([9])))
        #expect(window.reaches(LogVector([10])))
        #expect(window.rows(of: RoomNID(10), since: LogVector([0])).isEmpty)
        #expect(window.rows(of: 0, after: 9, limit: 5) == nil)
        #expect(window.rows(of: 0, after: 10, limit: 5)?.map(\.position) == [11, 12, 13, 14, 15])
        #expect(window.rows(of: 0, after: count - 1, limit: 5)?.map(\.position) == [count])
        #expect(window.rows(of: 0, after: count + 3, limit: 5)?.isEmpty == true)
    }

    @Test func reachesNothingOfAnotherShardCount() {
        #expect(!LogWindow(startingAt: LogVector([0, 0])).reaches(LogVector([5])))
    }
}
