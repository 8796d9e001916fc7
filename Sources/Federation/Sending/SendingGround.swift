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
    let durable: [any DurableMessages]
    let transmitter: Transmitter
    let metrics: SenderMetrics

    init(_ services: SenderServices) {
        self.services = services
        let interning = services.rooms.reader.interning
        metrics = SenderMetrics(services.telemetry.metrics)
        events = OutgoingEvents(rooms: services.rooms, store: services.destinations)
        servers = services.roomServers
        rows = OutgoingRows(
            events: events, servers: servers, receipts: services.receipts, interning: interning,
            own: services.rooms.server.name, introductions: services.introductions)
        typing = TypingOutlet(services.typing, own: services.rooms.server.name, clock: services.telemetry.clock)
        presence = services.presence.map {
            PresenceOutlet($0, rooms: services.rooms, feed: services.feed, clock: services.telemetry.clock)
        }
        durable = services.durable
        transmitter = Transmitter(services, metrics: metrics)
    }

    /// What rows mean for other servers; those that mean nothing are left out. Tries until it succeeds: beginning anew from a
    /// cursor would send much again.
    ///
    /// - Throws: `CancellationError`.
    func read(_ rows: [LogRow]) async throws -> [ReadRow] {
        var messages: [LogPlace: (source: Int, messages: [AddressedMessage])] = [:]
        for (index, source) in durable.enumerated() {
            let ofSource = rows.filter { $0.kind == source.kind }
            guard !ofSource.isEmpty else { continue }
            for (row, found) in try await untilItSucceeds({ try await source.messages(of: ofSource) }) {
                messages[row] = (index, found)
            }
        }
        var read: [ReadRow] = []
        for row in rows {
            if let (source, found) = messages[LogPlace(of: row)] {
                read.append(ReadRow(row, .nothing, messages: found, from: source))
            }
            let outgoing = try await untilItSucceeds { [self] in try await self.rows.read(row) }
            if outgoing.isNothing { continue }
            read.append(ReadRow(row, outgoing))
        }
        return read
    }

    /// A server has got these.
    func note(delivered messages: [OutgoingMessage], to server: ServerName) async throws {
        guard !messages.isEmpty else { return }
        for (index, source) in durable.enumerated() {
            let ofSource = messages.filter { $0.source == index }.map(\.message)
            if !ofSource.isEmpty { try await source.delivered(ofSource, to: server) }
        }
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

    private func untilItSucceeds<Value>(_ read: () async throws -> Value) async throws -> Value {
        while true {
            do {
                return try await read()
            } catch {
                try Task.checkCancellation()
                services.telemetry.log.warning("what to send could not be read; trying again", [.cause: "\(error)"])
                try await services.telemetry.clock.sleep(for: SenderSlot.pauseAfterFailure)
            }
        }
    }
}
