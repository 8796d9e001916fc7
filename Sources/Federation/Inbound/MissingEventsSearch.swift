import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Asks other servers for the events between what a room has and what came.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid
struct MissingEventsSearch: Sendable {
    /// Servers that are asked, one after the other, while they do not answer.
    static let maxServers = 3
    /// Each goes on from where the one before ended.
    private static let maxRounds = 8
    /// A longer gap is not filled but bridged by the state after it.
    private static let maxEvents = 300
    private static let maxIDs = 20
    private static let answerTime = Duration.seconds(60)

    let room: RoomRecord
    let version: RoomVersion
    let services: InboundServices

    /// What is found, checked, in no order; nothing when nobody answers.
    ///
    /// - Parameter events: whose predecessors are looked for.
    func find(before events: [Event], from servers: [ServerName]) async throws -> [Event] {
        for server in servers.prefix(Self.maxServers) {
            do {
                let found = try await find(before: events, from: server)
                if !found.isEmpty { return found }
            } catch let error as FederationError {
                services.log.info(
                    "missing events not fetched",
                    [.roomID: "\(room.roomID)", .destination: "\(server)", .cause: "\(error)"])
            } catch is DeadlineExceeded {
                services.log.info(
                    "missing events not fetched in time", [.roomID: "\(room.roomID)", .destination: "\(server)"])
            }
        }
        return []
    }

    private func find(before events: [Event], from server: ServerName) async throws -> [Event] {
        let reader = services.rooms.reader
        guard let head = try await reader.store.head(of: room.nid) else { return [] }
        let earliest = try await reader.events.events(head.extremities.suffix(Self.maxIDs), in: room).values
        // What is older than all that we have is history; it is fetched when somebody scrolls back.
        let floor = try await reader.eventStore.lowestDepth(in: room.nid) ?? 0
        var known = Set(events.map(\.eventID))
        var found: [Event] = []
        var latest = try await withMissingPredecessors(events, besides: known)
        // Auth events may be all that is missing.
        if latest.isEmpty { return [] }
        for _ in 0..<Self.maxRounds where !latest.isEmpty && found.count < Self.maxEvents {
            let request = MissingEvents(
                earliestEvents: earliest.map(\.eventID), latestEvents: latest.prefix(Self.maxIDs).map(\.eventID),
                limit: WireLimits.missingEvents, minimumDepth: floor)
            let answer = try await services.telemetry.clock.withDeadline(Self.answerTime) { [services, room] in
                try await services.client.missingEvents(request, in: room.roomID, from: server)
            }
            let new = await services.events.check(answer.events, of: room.roomID, version)
                .filter { $0.depth >= floor && known.insert($0.eventID).inserted }
            guard !new.isEmpty else { break }
            found += new
            latest = try await withMissingPredecessors(new, besides: known)
        }
        services.log.info(
            "missing events fetched",
            [.roomID: "\(room.roomID)", .destination: "\(server)", .count: "\(found.count)"])
        return found
    }

    /// Those of the events that cite some that are neither in the room's graph nor among the known ones.
    private func withMissingPredecessors(_ events: [Event], besides known: Set<EventID>) async throws -> [Event] {
        let cited = Set(events.flatMap(\.prevEvents)).subtracting(known)
        let stored = try await services.rooms.reader.eventStore.numbers(Array(cited), in: room.nid)
        let missing = cited.filter { stored[$0].map { $0.flags.contains(.outlier) } ?? true }
        return events.filter { !missing.isDisjoint(with: $0.prevEvents) }
    }
}
