import Cluster
import MatrixCore
import Rooms
import Storage

/// What a row of the log means for other servers.
final class OutgoingRow: Sendable {
    static let nothing = OutgoingRow(servers: .nobody)

    /// An event, and who gets it besides the servers in the room, or does not though it is there.
    struct Addressed: Sendable {
        let event: OutgoingEvent
        let excluded: Set<ServerName>
        let extra: ServerName?
        /// Nobody but these gets it: they came into the room after it.
        var latecomers: [ServerName]?
    }

    private let servers: RoomServerList
    let events: [Addressed]
    let receipts: [OutgoingReceipt]
    private let introductions: [OutgoingIntroduction]

    init(
        servers: RoomServerList, events: [Addressed] = [], receipts: [OutgoingReceipt] = [],
        introductions: [OutgoingIntroduction] = []
    ) {
        self.servers = servers
        self.events = events
        self.receipts = receipts
        self.introductions = introductions
    }

    var isNothing: Bool { events.isEmpty && receipts.isEmpty && introductions.isEmpty }

    /// Bytes, roughly.
    var weight: Int {
        let devices = introductions.reduce(0) { $0 + $1.messages.reduce(100) { $0 + $1.count } }
        return events.reduce(200) { $0 + $1.event.bytes.count + 100 } + devices
    }

    func introductions(in slot: Int) -> [OutgoingIntroduction] {
        introductions.filter { DestinationSlots.slot(of: $0.server) == slot }
    }

    /// The servers of a slot that get an event.
    func destinations(of addressed: Addressed, in slot: Int) -> [ServerName] {
        if let latecomers = addressed.latecomers { return latecomers.filter { DestinationSlots.slot(of: $0) == slot } }
        var names = destinations(in: slot)
        if !addressed.excluded.isEmpty { names.removeAll { addressed.excluded.contains($0) } }
        if let extra = addressed.extra, DestinationSlots.slot(of: extra) == slot, !names.contains(extra) {
            names.append(extra)
        }
        return names
    }

    /// The servers of a slot that are in the room.
    func destinations(in slot: Int) -> [ServerName] { servers.servers(in: slot).map(\.name) }
}

/// Reads what rows of the log mean for other servers. Slots that were taken over together ask for the same rows at the same
/// time.
final class OutgoingRows: Sendable {
    private static let maxCachedBytes = 8 << 20
    /// Nobody reads more than one row at a time; so they are not more than the slots and who tells them.
    private static let maxFlights = 64

    private let events: OutgoingEvents
    private let servers: RoomServers
    private let receipts: ReceiptStore
    private let interning: Interning
    private let own: ServerName
    private let introductions: DeviceIntroductions?
    private let cache = GenerationalCache<LogPlace, OutgoingRow>(maxWeight: maxCachedBytes) { $0.weight }
    private let flights = Flights<LogPlace, OutgoingRow>(atMost: maxFlights)

    init(
        events: OutgoingEvents, servers: RoomServers, receipts: ReceiptStore, interning: Interning, own: ServerName,
        introductions: DeviceIntroductions?
    ) {
        self.events = events
        self.servers = servers
        self.receipts = receipts
        self.interning = interning
        self.own = own
        self.introductions = introductions
    }

    func read(_ row: LogRow) async throws -> OutgoingRow {
        guard let room = row.roomNID, row.kind.concernsMembers else { return .nothing }
        let place = LogPlace(of: row)
        if let known = cache[place] { return known }
        return try await flights.join(place) { [self] in
            let read = row.kind == .receipts ? try await readReceipts(row, room) : try await readEvents(row, room)
            cache.keep(read, for: place)
            return read
        }
    }

    private func readEvents(_ row: LogRow, _ roomNID: RoomNID) async throws -> OutgoingRow {
        let list = try await servers.servers(of: roomNID, shard: row.shard)
        // In a room of our own users alone only one who is put out may be of interest to another server.
        guard !row.eventNIDs.isEmpty, !list.isEmpty || !row.memberNIDs.isEmpty,
            let room = try await events.room(roomNID)
        else { return .nothing }
        let loaded = try await events.load(row.eventNIDs, in: room)
        var addressed: [OutgoingRow.Addressed] = []
        for nid in row.eventNIDs {
            guard let event = loaded[nid], events.isOurs(event) else { continue }
            let sender = event.event.sender.serverName
            var excluded: Set<ServerName> = sender == own ? [] : [sender]
            if list.newest > row.position {
                for server in list.servers.values where try await !events.mayGet(event, server, in: room) {
                    excluded.insert(server.name)
                }
            }
            let extra = events.evicted(by: event)
            if list.isEmpty, extra == nil { continue }
            addressed.append(
                OutgoingRow.Addressed(event: try events.outgoing(event), excluded: excluded, extra: extra))
        }
        addressed += try await stickyEvents(forNewcomersBy: row, list, in: room)
        let introduced = try await introductions?.introductions(by: row, in: roomNID, list) ?? []
        let read = OutgoingRow(servers: list, events: addressed, introductions: introduced)
        return read.isNothing ? .nothing : read
    }

    /// What of ours is sticky, for servers that came into the room by the row.
    ///
    /// - Spec: MSC4354
    private func stickyEvents(
        forNewcomersBy row: LogRow, _ list: RoomServerList, in room: RoomRecord
    ) async throws -> [OutgoingRow.Addressed] {
        guard !row.memberNIDs.isEmpty else { return [] }
        let newcomers = list.servers.values.filter { $0.since == row.position }.map(\.name)
        guard !newcomers.isEmpty else { return [] }
        return try await events.sticky(in: room, since: 0, upTo: row.position - 1).map { event in
            OutgoingRow.Addressed(event: event, excluded: [], extra: nil, latecomers: newcomers)
        }
    }

    /// Private receipts are of another kind of row; that they are left out here as well is no accident.
    private func readReceipts(_ row: LogRow, _ roomNID: RoomNID) async throws -> OutgoingRow {
        guard let userNID = row.userNID else { return .nothing }
        let user = try await interning.user(userNID)
        guard user.userID.serverName == own else { return .nothing }
        let list = try await servers.servers(of: roomNID, shard: row.shard)
        guard !list.isEmpty, let room = try await events.room(roomNID) else { return .nothing }
        let moved = try await receipts.changes(
            in: [(room: roomNID, since: row.position - 1, head: row.position)], for: userNID)
        let outgoing = moved.filter { $0.kind == .read && $0.userNID == userNID }.map { receipt in
            OutgoingReceipt(
                place: OutgoingReceipt.Place(roomID: room.roomID, userID: user.userID, thread: receipt.thread),
                eventID: receipt.eventID, sentAt: receipt.sentAt)
        }
        return outgoing.isEmpty ? .nothing : OutgoingRow(servers: list, receipts: outgoing)
    }
}
