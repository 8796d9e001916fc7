package import Cluster
import MatrixCore
import Rooms
import Storage
import Synchronization
import Telemetry

/// Sends what local users do to the servers of their rooms: a slot for each part of the servers, by a hash of their names.
///
/// A slot follows the log. Its cursor stays before what a server of it has not got yet; a server that cannot be reached, or
/// is too slow, is written down as behind, so that the cursor can go on, and gets the rest from the database later.
package final class FederationSender: Duty {
    static let dutyName = "federation-sender"

    package let name = FederationSender.dutyName
    private let ground: SendingGround
    private let slots: SlotDirectory

    package init(_ services: SenderServices) {
        ground = SendingGround(services)
        let slots = SlotDirectory()
        self.slots = slots
        services.heard.observe { server in slots[DestinationSlots.slot(of: server)]?.revive(server) }
    }

    package var slotCount: Int { DestinationSlots.count }

    package func run(_ lease: DutyLease) async throws {
        let slot = SenderSlot(lease, ground)
        try await slot.begin()
        slots[slot.number] = slot
        let changes = ground.typing.changes(for: slot.number)
        defer {
            slots[slot.number] = nil
            ground.typing.close(slot.number)
            slot.end()
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await slot.follow() }
            group.addTask { await slot.keepTime() }
            group.addTask { await slot.takeTyping(changes) }
            for await server in slot.servers { group.addTask { await slot.work(on: server) } }
            group.cancelAll()
        }
    }
}

/// The slots that this worker works on.
private final class SlotDirectory: Sendable {
    private let slots = Mutex<[Int: SenderSlot]>([:])

    subscript(number: Int) -> SenderSlot? {
        get { slots.withLock { $0[number] } }
        set { slots.withLock { $0[number] = newValue } }
    }
}

/// What all slots of a worker share.
final class SendingGround: Sendable {
    let services: SenderServices
    let events: OutgoingEvents
    let servers: RoomServers
    let rows: OutgoingRows
    let typing: TypingOutlet
    let transmitter: Transmitter
    let metrics: SenderMetrics

    init(_ services: SenderServices) {
        self.services = services
        let writing = services.rooms.writing
        let interning = services.rooms.reader.interning
        metrics = SenderMetrics(services.telemetry.metrics)
        events = OutgoingEvents(rooms: services.rooms, store: services.destinations)
        servers = RoomServers(
            store: services.destinations, interning: interning, own: writing.localServerNID, feed: services.feed)
        rows = OutgoingRows(
            events: events, servers: servers, receipts: services.receipts, interning: interning,
            own: services.rooms.server.name)
        typing = TypingOutlet(services.typing, own: services.rooms.server.name, clock: services.telemetry.clock)
        transmitter = Transmitter(services, metrics: metrics)
    }
}
