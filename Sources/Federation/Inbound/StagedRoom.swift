import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// What waits for one room: tries it again, and looks for what is missing.
struct StagedRoom: Sendable {
    /// Waiting events that are taken up at once.
    private static let maxEvents = 200
    /// After so many attempts in vain, within about an hour, an event is given up. When something that builds on it comes,
    /// it is looked for again.
    static let maxAttempts: Int32 = 14
    static let firstPause = Duration.seconds(1)
    static let longestPause = Duration.seconds(600)

    let room: RoomRecord
    let version: RoomVersion
    let services: InboundServices

    func work() async throws {
        let waiting = try await services.staged.events(
            of: room.roomID, now: services.now, limit: Self.maxEvents)
        guard try await services.rooms.reader.memberships.isJoined(services.rooms.server.name, in: room.nid) else {
            services.log.info(
                "nobody is in the room any more for which events wait",
                [.roomID: "\(room.roomID)", .count: "\(waiting.count)"])
            return try await services.staged.removeAll(of: room.roomID)
        }
        var staged: [EventID: StagedEvent] = [:]
        var events: [Event] = []
        for one in waiting {
            staged[one.eventID] = one
            do { events.append(try Event(stored: one.body, eventID: one.eventID, version: version)) } catch {
                // It was one when it was kept. Nobody else must wait for it; below it counts as settled.
                services.log.error(
                    "a waiting event cannot be read", [.eventID: "\(one.eventID)", .cause: "\(error)"])
            }
        }
        // What was missing may have come meanwhile.
        let placement = GapPlacement(room: room, services: services)
        let open = try await placement.place(events)
        try await settle(staged, except: open)
        let due = open.compactMap { staged[$0.eventID] }.filter { $0.nextAttemptAt <= services.now }
        guard !due.isEmpty else { return }
        let servers = try await servers(for: due)
        let found = try await MissingEventsSearch(room: room, version: version, services: services)
            .find(before: open, from: servers)
        let left = try await placement.fill(found + open, askingFor: Set(due.map(\.eventID)), servers: servers)
        try await settle(staged.filter { id, _ in open.contains { $0.eventID == id } }, except: left)
        try await postpone(due.filter { one in left.contains { $0.eventID == one.eventID } })
    }

    /// Those who may know what is missing: who sent the events first, then others in the room. Every attempt begins with
    /// another one.
    private func servers(for due: [StagedEvent]) async throws -> [ServerName] {
        var servers: [ServerName] = []
        for one in due where !servers.contains(one.origin) { servers.append(one.origin) }
        servers = Array(servers.prefix(MissingEventsSearch.maxServers))
        var generator = RandomNumbers(source: services.telemetry.random)
        let others = try await services.rooms.reader.memberships.joinedServers(of: room.nid)
            .filter { $0 != services.rooms.server.name && !servers.contains($0) }
            .shuffled(using: &generator).prefix(MissingEventsSearch.maxServers)
        servers += others
        let turn = Int(due.map(\.attempts).min() ?? 0) % max(servers.count, 1)
        return Array(servers[turn...] + servers[..<turn])
    }

    private func settle(_ staged: [EventID: StagedEvent], except open: [Event]) async throws {
        let left = Set(open.map(\.eventID))
        let settled = staged.values.filter { !left.contains($0.eventID) }
        services.metrics.count(.placed, settled.count)
        try await services.staged.remove(settled)
    }

    private func postpone(_ events: [StagedEvent]) async throws {
        let hopeless = events.filter { $0.attempts + 1 >= Self.maxAttempts }
        for event in hopeless {
            services.log.warning(
                "an event is given up: what it builds on cannot be had",
                [.eventID: "\(event.eventID)", .roomID: "\(room.roomID)", .origin: "\(event.origin)"])
        }
        services.metrics.count(.givenUp, hopeless.count)
        try await services.staged.remove(hopeless)
        let now = services.now
        let patient = events.filter { $0.attempts + 1 < Self.maxAttempts }
        services.metrics.count(.postponed, patient.count)
        try await services.staged.postpone(
            patient.map { event in
                let pause = services.telemetry.random.jittered(Self.pause(after: event.attempts))
                return (event, now + Int64(pause / .milliseconds(1)))
            })
    }

    /// - Parameter attempts: failed ones before the one that has just failed.
    static func pause(after attempts: Int32) -> Duration {
        // 2^10 seconds are longer than the longest pause.
        min(firstPause * (1 << min(max(Int(attempts), 0), 10)), longestPause)
    }
}
