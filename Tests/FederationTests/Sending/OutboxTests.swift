import FederationAPI
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@testable import Federation

/// The pure parts of the sending.
struct OutboxTests {
    private func event(_ number: Int) -> OutgoingEvent {
        OutgoingEvent(eventID: EventID("$event\(number)")!, bytes: Array("{}".utf8))
    }

    private func sent(_ step: Outbox.Step?) -> [String]? {
        guard case .send(let batch)? = step else { return nil }
        return batch.events.map(\.eventID.description)
    }

    @Test func fiftyEventsAtOnce() {
        var outbox = Outbox()
        for number in 1...120 {
            #expect(
                outbox.add(.event(event(number)), shard: 0, position: Int64(number), limit: Outbox.maxQueued) == true)
        }
        var sizes: [Int] = []
        while let events = sent(outbox.next()) {
            sizes.append(events.count)
            _ = outbox.settle()
        }
        #expect(sizes == [50, 50, 20])
    }

    @Test func whatFindsNoPlaceIsHeldAtItsFirstPosition() {
        var outbox = Outbox()
        for number in 1...60 { _ = outbox.add(.event(event(number)), shard: 0, position: Int64(number), limit: 60) }
        #expect(sent(outbox.next())?.count == 50)
        #expect(outbox.add(.event(event(61)), shard: 1, position: 7, limit: 60) == true)
        #expect(outbox.hasOverflowed)
        // The cursor waits for the first already.
        #expect(outbox.add(.event(event(62)), shard: 1, position: 8, limit: 60) == false)
        let read = LogVector([100, 8, 5])
        #expect(outbox.delivered(of: read).positions == [0, 6, 5])
        #expect(outbox.settle().map(\.position) == Array(1...50))
        #expect(outbox.delivered(of: read).positions == [50, 6, 5])
        guard case .record? = outbox.next() else {
            Issue.record("it has to be written down")
            return
        }
        let ended = outbox.beginCatchingUp()
        #expect(ended.filter { $0.shard == 0 }.map(\.position) == Array(51...60))
        #expect(ended.filter { $0.shard == 1 }.map(\.position) == [7])
    }

    @Test func whatComesWhileCatchingUpIsCoveredUntilTheRecordGoes() {
        var outbox = Outbox(catchingUpAfter: nil)
        guard case .catchUp? = outbox.next() else {
            Issue.record("it has to catch up")
            return
        }
        outbox.note(caughtUp: LogVector([5]))
        #expect(outbox.add(.event(event(1)), shard: 0, position: 10, limit: 10) == false)
        #expect(outbox.delivered(of: LogVector([20])).positions == [5])
        outbox.goLive()
        #expect(outbox.add(.event(event(2)), shard: 0, position: 11, limit: 10) == true)
        #expect(outbox.delivered(of: LogVector([20])).positions == [9])
        // The record stands until what it covers is through.
        #expect(sent(outbox.next()) == ["$event1", "$event2"])
        #expect(outbox.settle().map(\.position) == [11])
        guard case .forget? = outbox.next() else {
            Issue.record("the record is not needed any more")
            return
        }
        outbox.forgetRecord()
        #expect(outbox.next() == nil)
    }

    @Test func progressStopsBeforeTheFirstThatIsNotDone() {
        var progress = SlotProgress(from: LogVector([10, 20]))
        progress.begin(11, of: 0)
        progress.begin(11, of: 0)
        progress.begin(13, of: 0)
        progress.advance(to: 15, of: 0)
        progress.advance(to: 21, of: 1)
        #expect(progress.done.positions == [10, 21])
        progress.end(13, of: 0)
        progress.end(11, of: 0)
        #expect(progress.done.positions == [10, 21])
        progress.end(11, of: 0)
        #expect(progress.done.positions == [15, 21])
        #expect(progress.read.positions == [15, 21])
        // What it does not know changes nothing.
        progress.end(11, of: 0)
        progress.begin(1, of: 9)
        #expect(progress.done.positions == [15, 21])
    }

    @Test func receiptsOfManyGoTogetherAndOnlyTheNewest() throws {
        var messages = OutgoingMessages()
        let (room, other) = (RoomID("!a:x.org")!, RoomID("!b:x.org")!)
        let (alice, bob) = (UserID("@alice:x.org")!, UserID("@bob:x.org")!)
        func add(_ user: UserID, _ room: RoomID, _ thread: ReceiptThread, _ event: String) {
            messages.add(
                OutgoingReceipt(
                    place: OutgoingReceipt.Place(roomID: room, userID: user, thread: thread),
                    eventID: EventID(event)!, sentAt: 1))
        }
        add(alice, room, .unthreaded, "$old")
        add(alice, room, .unthreaded, "$new")
        add(bob, room, .unthreaded, "$new")
        add(alice, other, .unthreaded, "$there")
        add(alice, room, .main, "$main")
        let told = try messages.take(atMost: 100).map { try JSONValue(parsing: $0) }
        #expect(messages.isEmpty)
        #expect(told.count == 2)
        // The first has all but what has no place beside another.
        #expect(told.first?["content"]?["!a:x.org"]?["m.read"]?["@bob:x.org"] != nil)
        #expect(told.first?["content"]?["!b:x.org"]?["m.read"]?["@alice:x.org"] != nil)
        let ofAlice = told.compactMap { $0["content"]?["!a:x.org"]?["m.read"]?["@alice:x.org"] }
        #expect(ofAlice.count == 2)
        #expect(ofAlice.contains(["data": ["ts": 1], "event_ids": ["$new"]]))
        #expect(ofAlice.contains(["data": ["ts": 1, "thread_id": "main"], "event_ids": ["$main"]]))
    }

    @Test func noTransactionHasMoreThanAHundredMessages() {
        var messages = OutgoingMessages()
        for number in 0..<150 {
            messages.add(
                OutgoingTyping(roomID: RoomID("!a:x.org")!, userID: UserID("@u\(number):x.org")!, isTyping: true))
        }
        #expect(messages.take(atMost: 100).count == 100)
        #expect(messages.take(atMost: 100).count == 50)
        #expect(messages.take(atMost: 100).isEmpty)
    }

    @Test func pausesGrowToAnHourAndAServerMayAskForMore() {
        let random = SeededRandomSource(seed: 3)
        var trouble: DestinationTrouble?
        var intervals: [Int64] = []
        for _ in 0..<14 {
            let next = SendingBackoff.after(
                FederationError.unreachable(.timedOut), earlier: trouble, now: 1000, random: random)
            #expect(abs(next.retryAt - 1000 - next.retryInterval) <= next.retryInterval / 5 + 1)
            trouble = next
            intervals.append(next.retryInterval)
        }
        #expect(intervals.prefix(3) == [2000, 4000, 8000])
        #expect(intervals.last == 3_600_000)
        let asked = SendingBackoff.after(
            FederationError.refused(status: 429, errcode: nil, message: "", retryAfter: .seconds(7200)),
            earlier: nil, now: 0, random: random)
        #expect(asked.retryAt == 7_200_000)
    }
}
