import MatrixCore
import Rooms
import Storage

/// What a server missed between two vectors, room by room in bounded pages, shard by shard.
///
/// - Note: in a room with very many events only the newest is sent. The server asks for those before it, as any server does
///   that sees an event whose predecessors it does not have, and gets them faster that way.
struct MissedEvents: Sendable {
    /// A room with more of our events than this is far behind.
    static let maxEventsPerRoom = 200
    /// Events of a room, of all servers, among which ours are looked for.
    private static let maxExamined = 5000

    struct Page {
        /// In the order of the log for each room.
        let events: [OutgoingEvent]
        /// Everything of this shard has been told with this page.
        let finished: Int16?
    }

    private let server: ServerName
    private let since: LogVector
    private let upTo: LogVector
    private let ground: SendingGround

    private var store: DestinationStore { ground.services.destinations }
    private var ownNID: ServerNID { ground.services.rooms.writing.localServerNID }

    init(server: ServerName, since: LogVector, upTo: LogVector, _ ground: SendingGround) {
        self.server = server
        self.since = since
        self.upTo = upTo
        self.ground = ground
    }

    /// Reads on only when a page has been dealt with: a server that is still out of reach costs one page.
    func forEachPage(_ body: (Page) async throws -> Void) async throws {
        let serverNID = try await ground.services.rooms.reader.interning.server(server)
        var page: [OutgoingEvent] = []
        for departure in try await store.departures(of: serverNID, since: since, upTo: upTo) {
            guard let event = try await departureEvent(departure) else { continue }
            page.append(event)
            if page.count == TransactionLimits.events { try await flush(&page, body) }
        }
        if !page.isEmpty { try await flush(&page, body) }
        var last: MissedRoom?
        while true {
            let rooms = try await store.missedRooms(of: serverNID, since: since, upTo: upTo, after: last)
            for room in rooms {
                if let shard = last?.shard, shard != room.shard { try await flush(&page, finished: shard, body) }
                last = room
                for event in try await events(of: room, serverNID) {
                    page.append(event)
                    if page.count == TransactionLimits.events { try await flush(&page, body) }
                }
            }
            if rooms.count < Int(DestinationStore.maxMissedRooms) { break }
        }
        if !page.isEmpty { try await flush(&page, body) }
    }

    /// The newest receipts that it missed; the others are of no use by now.
    func receipts() async throws -> [OutgoingReceipt] {
        let serverNID = try await ground.services.rooms.reader.interning.server(server)
        return try await store.missedReceipts(
            of: serverNID, since: since, upTo: upTo, own: ownNID, limit: OutgoingMessages.maxReceipts
        ).map { receipt in
            OutgoingReceipt(
                place: OutgoingReceipt.Place(
                    roomID: receipt.roomID, userID: receipt.userID, thread: receipt.thread),
                eventID: receipt.eventID, sentAt: receipt.sentAt)
        }
    }

    private func flush(
        _ page: inout [OutgoingEvent], finished shard: Int16? = nil, _ body: (Page) async throws -> Void
    ) async throws {
        let events = page
        page = []
        try await body(Page(events: events, finished: shard))
    }

    /// The event that put the server's last member out of a room.
    private func departureEvent(_ departure: MissedRoom) async throws -> OutgoingEvent? {
        guard let nid = departure.departure, let room = try await ground.events.room(departure.roomNID),
            let event = try await ground.events.load([nid], in: room)[nid], ground.events.isOurs(event),
            ground.events.evicted(by: event) == server
        else { return nil }
        return try ground.events.outgoing(event)
    }

    /// What the server missed of a room, oldest first.
    private func events(of missed: MissedRoom, _ serverNID: ServerNID) async throws -> [OutgoingEvent] {
        var nids = try await store.missedEvents(
            in: missed.roomNID, after: since[missed.shard], upTo: upTo[missed.shard], own: ownNID,
            limit: Self.maxEventsPerRoom + 1, examined: Self.maxExamined)
        let isFarBehind = nids.count > Self.maxEventsPerRoom
        if isFarBehind { nids = Array(nids.prefix(1)) }
        guard !nids.isEmpty, let room = try await ground.events.room(missed.roomNID) else { return [] }
        let list = try await ground.servers.servers(of: room.nid, shard: room.shard)
        guard let joined = list.servers[serverNID] else { return [] }
        let loaded = try await ground.events.load(nids, in: room)
        // However many others there were, those that are sticky still are sent.
        var outgoing =
            isFarBehind
            ? try await ground.events.sticky(in: room, since: since[missed.shard], upTo: upTo[missed.shard]) : []
        for nid in nids.reversed() {
            guard let event = loaded[nid], ground.events.isOurs(event), event.event.sender.serverName != server,
                try await ground.events.mayGet(event, joined, in: room)
            else { continue }
            outgoing.append(try ground.events.outgoing(event))
        }
        return outgoing
    }
}
