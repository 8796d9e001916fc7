import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Fetches history that lies before what we have of a room.
struct HistoryFetcher: Sendable {
    private static let maxServers = 4
    /// Events before which history is asked for at once.
    private static let maxAsked = 20
    private static let maxEvents = 100
    /// Each round fetches what the one before it found to be missing.
    private static let maxRounds = 3
    /// Of one stretch of history; more than one are where it was forked.
    private static let maxStates = 4
    private static let maxAuthEvents = 100

    private let rooms: RoomService
    private let client: FederationClient
    private let events: RemoteEvents
    private let state: RemoteState
    private let telemetry: Telemetry
    private let trials: ServerTrials
    private let servers: HistoryServers
    private let pauses: HistoryPauses

    init(rooms: RoomService, client: FederationClient, verifier: EventVerifier, telemetry: Telemetry) {
        self.rooms = rooms
        self.client = client
        self.telemetry = telemetry.labelled("history")
        events = RemoteEvents(client: client, verifier: verifier)
        state = RemoteState(rooms: rooms, client: client, verifier: verifier, telemetry: telemetry)
        trials = ServerTrials(clock: telemetry.clock)
        servers = HistoryServers(rooms: rooms)
        pauses = HistoryPauses(clock: telemetry.clock)
    }

    /// Fetches some events and what was before them.
    ///
    /// - Returns: whether anything new was stored.
    func fetch(_ room: RoomRecord, before missing: [EventID], limit: Int) async throws -> Bool {
        let asked = Array(pauses.due(missing).prefix(Self.maxAsked))
        guard !asked.isEmpty, let version = RoomVersion(room.version) else { return false }
        let candidates = try await servers.candidates(in: room)
        for server in candidates.prefix(Self.maxServers) {
            do {
                let answer = try await trials.quickly {
                    try await client.backfill(
                        room.roomID, from: asked, limit: min(max(limit, 1), Self.maxEvents), at: server)
                }
                let checked = await events.check(answer.pdus, of: room.roomID, version)
                let connected = Self.history(of: asked, in: checked)
                let known = [server] + candidates.filter { $0 != server }
                if try await place(connected, in: room, version, from: known) { return true }
            } catch let error as FederationError {
                telemetry.log.info(
                    "history not fetched",
                    [.roomID: "\(room.roomID)", .destination: "\(server)", .cause: "\(error)"])
            }
        }
        pauses.note(asked)
        return false
    }

    /// The events that were asked for, and those that they follow from. A server that adds others is not listened to: what
    /// nothing cites that we have is no history of ours.
    static func history(of asked: [EventID], in events: [Event]) -> [Event] {
        var unseen = Dictionary(events.map { ($0.eventID, $0) }, uniquingKeysWith: { one, _ in one })
        var open = asked
        var found: [Event] = []
        while let id = open.popLast() {
            guard let event = unseen.removeValue(forKey: id) else { continue }
            found.append(event)
            open += event.prevEvents
        }
        return found
    }

    /// Stores events, and fetches what they rest on as long as something is missing that can be had.
    private func place(
        _ events: [Event], in room: RoomRecord, _ version: RoomVersion, from servers: [ServerName]
    ) async throws -> Bool {
        guard !events.isEmpty else { return false }
        var states: [EventID: RemoteEventOptions] = [:]
        var isNew = false
        for _ in 0..<Self.maxRounds {
            let outcome = try await rooms.store(history: events, states: states, in: room)
            isNew = isNew || !outcome.stored.isEmpty
            let fetched = try await fetchAuthEvents(outcome.missingAuthEvents, in: room, version, from: servers)
            let found = try await fetchStates(before: outcome.needState, of: events, in: room, from: servers) {
                states[$0] == nil
            }
            states.merge(found) { $1 }
            if !fetched, found.isEmpty { break }
        }
        return isNew
    }

    private func fetchAuthEvents(
        _ ids: [EventID], in room: RoomRecord, _ version: RoomVersion, from servers: [ServerName]
    ) async throws -> Bool {
        guard !ids.isEmpty, let server = servers.first else { return false }
        let wanted = Array(Set(ids).prefix(Self.maxAuthEvents))
        let fetched = try await events.fetch(wanted, of: room.roomID, version, from: server)
        return try await !rooms.store(outliers: fetched, in: room).isEmpty
    }

    /// The states before the oldest of some events: what follows from these needs nobody's word.
    private func fetchStates(
        before ids: [EventID], of events: [Event], in room: RoomRecord, from servers: [ServerName],
        where isWanted: (EventID) -> Bool
    ) async throws -> [EventID: RemoteEventOptions] {
        let open = Set(ids)
        let oldest = events.filter { event in
            open.contains(event.eventID) && isWanted(event.eventID)
                && !event.prevEvents.contains(where: open.contains)
        }
        var found: [EventID: RemoteEventOptions] = [:]
        for event in oldest.prefix(Self.maxStates) {
            guard let state = try await state.fetch(before: event.eventID, in: room, from: servers) else { continue }
            found[event.eventID] = RemoteEventOptions(stateBefore: state.root, packs: state.packs)
        }
        return found
    }
}
