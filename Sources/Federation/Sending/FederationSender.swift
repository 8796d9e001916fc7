package import Cluster
import Ephemeral
import Logging
import MatrixCore
import Rooms
package import Storage
import Telemetry

/// Sends what local users do to the servers of their rooms: a slot for each part of the servers, by a hash of their names.
///
/// A slot follows the log. Its cursor stays before what a server of it has not got yet; a server that cannot be reached, or
/// is too slow, is written down as behind, so that the cursor can go on, and gets the rest from the database later.
package final class FederationSender: Duty {
    static let dutyName = "federation-sender"
    /// Servers are not tried again more exactly than that.
    private static let tick = Duration.seconds(1)
    /// How often the database is asked for servers that were heard from, while some are out of reach: a hint may have been
    /// lost.
    private static let revivalInterval = Duration.seconds(15)

    package let name = FederationSender.dutyName
    private let ground: SendingGround
    private let slots: SenderSlots

    private var telemetry: Telemetry { ground.services.telemetry }
    private var feed: LogFeed { ground.services.feed }

    package init(_ services: SenderServices) {
        ground = SendingGround(services)
        let slots = SenderSlots(from: services.feed.heads, clock: services.telemetry.clock)
        self.slots = slots
        services.heard.observe { server in slots[DestinationSlots.slot(of: server)]?.revive(server) }
    }

    package var slotCount: Int { DestinationSlots.count }
    /// Nobody is told of the past.
    package var start: LogVector? { feed.heads }

    /// Slots that this worker has begun to work on: from then on nothing that happens passes them by.
    package var begunSlots: Int { slots.all.count }

    package func run(_ lease: DutyLease) async throws {
        let slot = SenderSlot(lease, ground, alarm: slots.alarm)
        try await slot.begin()
        slots.open(slot)
        defer {
            slots.close(slot)
            slot.end()
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { [slots] in try await slot.catchUp(with: slots) }
            for await server in slot.servers { group.addTask { await slot.work(on: server) } }
            group.cancelAll()
        }
    }

    package func runBeside() async {
        await withTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.takeTyping() }
            if let presence = ground.presence { group.addTask { await self.take(presence) } }
            group.addTask { await self.keepTime() }
        }
    }

    // MARK: What all slots share

    /// Follows the log, and tells the slots what its rows mean.
    private func follow() async {
        var follower = LogFollower(feed: feed, from: slots.told)
        while !Task.isCancelled {
            do {
                let rows = try await follower.next()
                if slots.skip(to: follower.cursor) { continue }
                slots.tell(try await ground.read(rows), upTo: follower.cursor)
            } catch {
                guard !Task.isCancelled else { return }
                telemetry.log.warning("the log could not be followed; trying again", [.cause: "\(error)"])
                try? await telemetry.clock.sleep(for: SenderSlot.pauseAfterFailure)
            }
        }
    }

    /// Takes in who types.
    private func takeTyping() async {
        for await change in ground.typing.changes() {
            let slots = slots.all
            guard !slots.isEmpty else { continue }
            do {
                guard let room = try await ground.events.room(change.roomNID) else { continue }
                let list = try await ground.servers.servers(of: room.nid, shard: room.shard)
                let typing = OutgoingTyping(roomID: room.roomID, userID: change.userID, isTyping: change.isTyping)
                for slot in slots { slot.take(typing, for: list.servers(in: slot.number)) }
            } catch {
                telemetry.log.debug("typing could not be told to other servers", [.cause: "\(error)"])
            }
        }
    }

    /// Takes in who is there.
    private func take(_ presence: PresenceOutlet) async {
        while !Task.isCancelled {
            let turn = await presence.next()
            let slots = slots.all
            guard !slots.isEmpty else { continue }
            for (server, statuses) in turn.introductions {
                let slot = slots.first { $0.number == DestinationSlots.slot(of: server) }
                for status in statuses { slot?.take(status, for: [server]) }
            }
            do {
                for (status, rooms) in turn.news {
                    let servers = Dictionary(
                        grouping: try await ground.servers(of: rooms), by: { DestinationSlots.slot(of: $0) })
                    for slot in slots { slot.take(status, for: servers[slot.number] ?? []) }
                }
            } catch {
                telemetry.log.debug("presence could not be told to other servers", [.cause: "\(error)"])
            }
        }
    }

    /// Begins with servers that are to be tried again. One timer for all of them, and none when there are no such servers.
    private func keepTime() async {
        let clock = telemetry.clock
        var asked = clock.monotonic
        while !Task.isCancelled {
            await slots.alarm.wait()
            for slot in slots.all { slot.beginDue() }
            let begun = clock.monotonic
            guard var next = slots.all.compactMap(\.nextRetry).min() else { continue }
            if begun - asked >= Self.revivalInterval {
                asked = begun
                await readRevived()
                next = slots.all.compactMap(\.nextRetry).min() ?? next
            }
            try? await clock.sleep(for: Self.tick)
            // Wall clocks are set now and then: it is looked again before long.
            let pause = Duration.milliseconds(max(next - clock.nowMilliseconds, 0))
            slots.alarm.set(at: min(clock.monotonic + pause, asked + Self.revivalInterval))
        }
    }

    private func readRevived() async {
        do {
            for server in try await ground.services.destinations.revived() {
                slots[DestinationSlots.slot(of: server)]?.revive(server)
            }
        } catch {
            telemetry.log.debug("servers that were heard from could not be read", [.cause: "\(error)"])
        }
    }
}
