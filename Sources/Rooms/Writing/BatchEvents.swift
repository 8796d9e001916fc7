import MatrixCore
import Storage

/// The room's events by number, those of a batch under construction too, as the resolution of states reads them.
struct BatchEvents: ResolutionSource {
    let batch: WorkingBatch

    func authEvents(of events: [EventNID]) async throws -> [EventNID: [EventNID]] {
        try await batch.events(events).mapValues(\.stored.authEvents)
    }

    func authNodes(from events: [EventNID], more: Int) async throws -> [EventNID: AuthNode] {
        var made: [EventNID: AuthNode] = [:]
        for event in events {
            guard let entered = batch.madeEvent(numbered: event)?.stored else { continue }
            made[event] = AuthNode(stateKey: entered.stateKeyNID, authEvents: entered.authEvents)
        }
        let stored = events.filter { made[$0] == nil }
        if stored.isEmpty { return made }
        let found = try await batch.reader.authGraph.nodes(from: stored, more: more, in: batch.room.nid)
        return found.merging(made) { $1 }
    }

    func events(_ numbers: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
        try await batch.events(numbers).compactMapValues { event in
            guard let key = event.stored.stateKeyNID else { return nil }
            return ResolutionEvent(
                number: event.nid, event: event.event, stateKey: key, authEvents: event.stored.authEvents,
                isRejected: event.isRejected)
        }
    }

    func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        try await batch.reader.interning.knownStateKeys(keys)
    }
}
