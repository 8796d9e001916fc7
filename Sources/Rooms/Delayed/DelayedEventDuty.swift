package import Cluster
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// Sends delayed events when their time has come: a slot for each shard of the log, whose rooms' events it sends.
///
/// One timer serves all slots of a worker. Those of a room go one after the other, in the order in which they are due, rooms
/// side by side. What a worker has taken and did not finish is taken again, by it or by its successor, and sent once.
package final class DelayedEventDuty: Duty {
    package let name = "delayed-events"
    package let slotCount: Int
    /// Rooms into which is sent at the same time.
    private static let maxRooms = 16
    /// Events that are taken at once.
    private static let maxTaken = 200
    private static let pauseAfterFailure = Duration.seconds(1)
    /// How long it can be asked what became of an event.
    private static let retentionMilliseconds: Int64 = 7 * 24 * 3_600_000
    private static let purgeInterval = Duration.seconds(60)

    private let events: DelayedEvents
    private let sticky: StickyEventUpkeep
    private let slots: DelayedSlots
    private let busy = Mutex<Set<RoomID>>([])

    /// - Parameter shardCount: of the installation's log.
    package init(_ events: DelayedEvents, sticky: StickyEventUpkeep, shardCount: Int16) {
        self.events = events
        self.sticky = sticky
        slotCount = Int(shardCount)
        slots = DelayedSlots(clock: events.telemetry.clock)
    }

    private var clock: any Clock { events.telemetry.clock }

    package func run(_ lease: DutyLease) async throws {
        let slot = Int16(lease.slot)
        slots.open(slot)
        defer { slots.close(slot) }
        await Waiter<Void>().wait(cancelled: ())
    }

    package func runBeside() async {
        await withDiscardingTaskGroup { group in
            var purged = clock.monotonic
            while !Task.isCancelled {
                let held = await slots.next()
                guard !held.isEmpty else { continue }
                do {
                    for (roomID, due) in try await takeDue(in: held) {
                        group.addTask { await self.send(due, in: roomID) }
                    }
                    guard clock.monotonic - purged >= Self.purgeInterval else { continue }
                    purged = clock.monotonic
                    try await purge(held)
                } catch {
                    guard !Task.isCancelled else { break }
                    events.telemetry.log.warning("delayed events could not be looked for", [.cause: "\(error)"])
                    try? await clock.sleep(for: Self.pauseAfterFailure)
                    slots.wake()
                }
            }
            group.cancelAll()
        }
    }

    /// Takes what is due, by room, and sets the alarm for what is due next.
    private func takeDue(in held: Set<Int16>) async throws -> [RoomID: [DelayedEventRecord]] {
        let now = clock.nowMilliseconds
        let wakings = try await events.store.wakings(in: held, until: now + DelayedSlots.pollMilliseconds)
        let due = wakings.filter { $0.value <= now }
        if let next = wakings.values.filter({ $0 > now }).min() { slots.wake(after: .milliseconds(next - now)) }
        guard !due.isEmpty else { return [:] }
        let underWay = busy.withLock { $0 }
        guard underWay.count < Self.maxRooms else { return [:] }
        let taken = try await events.store.takeDue(
            in: Set(due.keys), besides: underWay, limit: Self.maxTaken, now: now)
        // What is beyond the limit has been taken and is not begun: it is answered again by the next look.
        let byRoom = Dictionary(grouping: taken, by: \.roomID)
            .sorted { ($0.value.first?.dueAt ?? 0) < ($1.value.first?.dueAt ?? 0) }
            .prefix(Self.maxRooms - underWay.count)
        busy.withLock { busy in for (roomID, _) in byRoom { busy.insert(roomID) } }
        return Dictionary(uniqueKeysWithValues: byRoom.map { ($0.key, $0.value) })
    }

    private func send(_ due: [DelayedEventRecord], in roomID: RoomID) async {
        do {
            for event in due { try await events.deliverDue(event) }
        } catch {
            if !Task.isCancelled {
                events.telemetry.log.warning(
                    "a delayed event could not be sent; it will be", [.roomID: "\(roomID)", .cause: "\(error)"])
                try? await clock.sleep(for: Self.pauseAfterFailure)
            }
        }
        busy.withLock { _ = $0.remove(roomID) }
        slots.wake()
    }

    private func purge(_ held: Set<Int16>) async throws {
        let oldest = clock.nowMilliseconds - Self.retentionMilliseconds
        try await events.store.purge(in: held, finalisedBefore: oldest)
        try await sticky.purge()
    }
}
