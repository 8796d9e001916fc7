import Cluster
import Logging
import MatrixCore
import Rooms
import Storage
import Telemetry

/// What all slots of a worker share.
final class SendingGround: Sendable {
    let services: SenderServices
    let events: OutgoingEvents
    let servers: RoomServers
    let rows: OutgoingRows
    let typing: TypingOutlet
    let presence: PresenceOutlet?
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
        presence = services.presence.map {
            PresenceOutlet($0, rooms: services.rooms, feed: services.feed, clock: services.telemetry.clock)
        }
        transmitter = Transmitter(services, metrics: metrics)
    }

    /// What rows mean for other servers; those that mean nothing are left out. Tries until it succeeds: beginning anew from a
    /// cursor would send much again.
    ///
    /// - Throws: `CancellationError`.
    func read(_ rows: [LogRow]) async throws -> [ReadRow] {
        var read: [ReadRow] = []
        for row in rows {
            let outgoing = try await self.read(row)
            guard !outgoing.events.isEmpty || !outgoing.receipts.isEmpty else { continue }
            read.append(ReadRow(shard: row.shard, position: row.position, outgoing: outgoing))
        }
        return read
    }

    /// The other servers in any of some rooms.
    ///
    /// Cost: from memory, once the rooms were asked for.
    func servers(of rooms: Set<RoomNID>) async throws -> Set<ServerName> {
        var names: Set<ServerName> = []
        for room in try await services.rooms.reader.store.rooms(Array(rooms)).values {
            let list = try await servers.servers(of: room.nid, shard: room.shard)
            names.formUnion(list.servers.values.lazy.map(\.name))
        }
        return names
    }

    private func read(_ row: LogRow) async throws -> OutgoingRow {
        while true {
            do {
                return try await rows.read(row)
            } catch {
                try Task.checkCancellation()
                services.telemetry.log.warning("what to send could not be read; trying again", [.cause: "\(error)"])
                try await services.telemetry.clock.sleep(for: SenderSlot.pauseAfterFailure)
            }
        }
    }
}
