import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Writes events that came with gaps before them, in the order of the graph, and fetches what the graph alone does not give:
/// auth events, and the state where a gap stays.
struct GapPlacement: Sendable {
    /// Places of the graph for which other servers are asked in one go.
    private static let maxQuestions = 4
    /// How often what has its place and what has none take turns to rest on each other, within one auth chain.
    private static let maxTurns = 4
    private static let eventsPerQuery = 1_000

    let room: RoomRecord
    let services: InboundServices

    private var rooms: RoomService { services.rooms }

    /// Writes what can be written as it is.
    ///
    /// - Returns: those that cannot, in the order of the graph.
    func place(_ events: [Event]) async throws -> [Event] {
        let sorted = EventOrder.sort(byPredecessors: events)
        var open: [Event] = []
        for (event, result) in zip(sorted, await rooms.writers.write(each: sorted.map { .remote($0) }, in: room)) {
            if try !isSettled(result, event) { open.append(event) }
        }
        return open
    }

    /// Writes events, and asks other servers where something is missing.
    ///
    /// - Parameters:
    ///   - wanted: events for which it is time to ask.
    ///   - servers: who may be asked, best first.
    /// - Returns: those that could not be written.
    func fill(_ events: [Event], askingFor wanted: Set<EventID>, servers: [ServerName]) async throws -> [Event] {
        var open = try await place(events)
        var hopeless: [Event] = []
        for _ in 0..<Self.maxQuestions {
            // The first stands before all that build on it: once it has its place they may have theirs.
            guard let event = open.first(where: { leads(to: wanted, $0, open) }) else { break }
            if try await ask(for: event, servers) {
                open = try await place(open.filter { $0 != event })
            } else {
                hopeless.append(event)
                open.removeAll { $0 == event }
            }
        }
        return open + hopeless
    }

    /// Whether an event is asked for, or one that builds on it.
    private func leads(to wanted: Set<EventID>, _ event: Event, _ open: [Event]) -> Bool {
        var reached: Set<EventID> = [event.eventID]
        // In the order of the graph, so one pass finds all.
        for one in open where one.prevEvents.contains(where: reached.contains) { reached.insert(one.eventID) }
        return !reached.isDisjoint(with: wanted)
    }

    /// Fetches what an event needs, and writes it.
    private func ask(for event: Event, _ servers: [ServerName]) async throws -> Bool {
        for _ in 0..<2 {
            let result: Result<RoomWriteResult, any Error>
            do { result = .success(try await rooms.write(.remote(event), in: room)) } catch { result = .failure(error) }
            guard try !isSettled(result, event) else { return true }
            guard case .success(.missing(let predecessors, let authEvents)) = result else { return false }
            if predecessors.isEmpty {
                guard try await fetchAuthEvents(authEvents, of: event, servers) else { return false }
            } else {
                return try await writeOnFetchedState(event, servers)
            }
        }
        return false
    }

    private func writeOnFetchedState(_ event: Event, _ servers: [ServerName]) async throws -> Bool {
        guard let state = try await services.states.fetch(before: event.eventID, in: room, from: servers) else {
            return false
        }
        services.log.info(
            "a gap in a room was bridged by fetching the state after it",
            [.roomID: "\(room.roomID)", .eventID: "\(event.eventID)"])
        let options = RemoteEventOptions(stateBefore: state.root, packs: state.packs)
        do {
            let result = try await rooms.write(.remote(event, options), in: room)
            if case .missing(_, let authEvents) = result {
                guard try await fetchAuthEvents(authEvents, of: event, servers) else { return false }
                return try isSettled(.success(try await rooms.write(.remote(event, options), in: room)), event)
            }
            return try isSettled(.success(result), event)
        } catch {
            return try isSettled(.failure(error), event)
        }
    }

    // MARK: Auth events

    /// - Returns: whether all of them are here now.
    private func fetchAuthEvents(
        _ missing: [EventID], of event: Event, _ servers: [ServerName]
    ) async throws -> Bool {
        for server in servers {
            do {
                var seen: Set<EventID> = []
                let chain = try await services.events.collect(of: room.roomID, event.version) {
                    seen.insert($0.eventID).inserted
                } _: { take in
                    try await services.client.authChain(
                        of: event.eventID, in: room.roomID, from: server, take: take)
                }
                try await takeIn(authEvents: chain)
                if try await known(missing).count == missing.count { return true }
            } catch let error as FederationError {
                services.log.debug(
                    "auth events not fetched",
                    [.roomID: "\(room.roomID)", .eventID: "\(event.eventID)", .cause: "\(error)"])
            }
        }
        return false
    }

    /// Takes in events that others cite. Those whose predecessors are here, or among them, get their place in the graph, where
    /// all that is known judges them: an outlier is judged by its auth events alone, so one that the room has long refused
    /// would pass.
    private func takeIn(authEvents: [Event]) async throws {
        var (placeable, outliers) = try await split(authEvents)
        for _ in 0..<Self.maxTurns where !placeable.isEmpty {
            let count = placeable.count + outliers.count
            placeable = try await place(placeable)
            // What cites an event that is still to be placed is left out, and has its turn after it.
            let stored = try await rooms.store(outliers: outliers, in: room)
            outliers.removeAll { stored[$0.eventID] != nil }
            if placeable.count + outliers.count == count { break }
        }
        _ = try await rooms.store(outliers: placeable + outliers, in: room)
    }

    /// Parts those of the events that have no place yet into such as can have one and such as cannot.
    private func split(_ events: [Event]) async throws -> (placeable: [Event], outliers: [Event]) {
        let stored = try await known(Array(Set(events.flatMap { $0.prevEvents + [$0.eventID] })))
        var placed = Set(stored.filter { !$0.value.contains(.outlier) }.keys)
        var placeable: [Event] = []
        var outliers: [Event] = []
        for event in EventOrder.sort(byPredecessors: events) where !placed.contains(event.eventID) {
            if event.prevEvents.allSatisfy(placed.contains) {
                placeable.append(event)
                placed.insert(event.eventID)
            } else if stored[event.eventID] == nil {
                outliers.append(event)
            }
        }
        return (placeable, outliers)
    }

    private func known(_ ids: [EventID]) async throws -> [EventID: EventFlags] {
        var found: [EventID: EventFlags] = [:]
        for some in ids.pieces(of: Self.eventsPerQuery) {
            let numbers = try await rooms.reader.eventStore.numbers(some, in: room.nid)
            found.merge(numbers.mapValues(\.flags)) { one, _ in one }
        }
        return found
    }

    /// Whether nothing more is to be done about an event.
    private func isSettled(_ result: Result<RoomWriteResult, any Error>, _ event: Event) throws -> Bool {
        switch result {
        case .success(.missing): return false
        case .success(.rejected(let refusal)), .success(.softFailed(let refusal)):
            services.log.info(
                "an event was not let into the room",
                [.eventID: "\(event.eventID)", .roomID: "\(room.roomID)", .cause: "\(refusal)"])
            return true
        case .success: return true
        case .failure(let error):
            if error is CancellationError { throw error }
            services.log.warning(
                "an event could not be written yet",
                [.eventID: "\(event.eventID)", .roomID: "\(room.roomID)", .cause: "\(error)"])
            return false
        }
    }
}
