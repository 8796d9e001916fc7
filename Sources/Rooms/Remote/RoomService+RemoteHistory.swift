package import MatrixCore
package import Storage
import Telemetry

/// History that other servers gave us.
extension RoomService {
    /// What became of a stretch of history.
    package struct HistoryOutcome: Sendable {
        /// Events that are in the graph now and were not before, shown or rejected.
        package var stored: [EventID] = []
        /// Events before which the state is not known; neither they nor what follows from them was stored.
        package var needState: [EventID] = []
        /// Events that cite auth events that are not here.
        package var missingAuthEvents: [EventID] = []
    }

    /// Stores events of the room's past. Their forms, hashes and signatures were checked before.
    ///
    /// The state before an event is that after its predecessors, if these have a place in the graph, or come to have one
    /// here. Otherwise it has to be given.
    ///
    /// - Parameters:
    ///   - events: in any order.
    ///   - states: the state before some of them, as another server tells it.
    package func store(
        history events: [Event], states: [EventID: RemoteEventOptions] = [:], in room: RoomRecord
    ) async throws -> HistoryOutcome {
        let sorted = EventOrder.sort(byPredecessors: events.filter { $0.roomID == room.roomID })
        return try await numbering { try await storeOnce(sorted, states, in: room) }
    }

    private func storeOnce(
        _ sorted: [Event], _ states: [EventID: RemoteEventOptions], in room: RoomRecord
    ) async throws -> HistoryOutcome {
        var batch = WorkingBatch(base: try await BatchGround.load(room, writing), room: room, services: writing)
        try await batch.loadWaitingRedactions(of: sorted)
        var outcome = HistoryOutcome()
        for event in sorted {
            var result = try await batch.receive(history: event, RemoteEventOptions())
            // What follows from what we have is better than what somebody says.
            if case .missing(let predecessors, _) = result, !predecessors.isEmpty, let given = states[event.eventID] {
                result = try await batch.receive(history: event, given)
            }
            switch result {
            case .written, .rejected: outcome.stored.append(event.eventID)
            case .missing(let predecessors, let authEvents):
                if !predecessors.isEmpty { outcome.needState.append(event.eventID) }
                outcome.missingAuthEvents += authEvents
            case .unchanged, .repeated, .softFailed: break
            }
        }
        try await reader.store.store(
            batch.append.events, packs: batch.append.packs.map { ($0.nid, $0.body) }, missing: batch.append.missing,
            redactions: batch.append.redactions, in: room)
        for redaction in batch.append.redactions { reader.events.forget(redaction.eventID, in: room.nid) }
        return outcome
    }
}
