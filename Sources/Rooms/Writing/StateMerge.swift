import MatrixCore
import Storage

/// Merges the states of several branches of a room.
struct StateMerge: ResolutionSource {
    let batch: WorkingBatch

    /// What has to change in the first of the states to make it the resolution of all of them.
    func changes(merging trees: [StateTree]) async throws -> [StateChange] {
        guard let base = trees.first, let create = try await batch.state([.create], in: base)[.create] else {
            throw StorageError.missing("create event")
        }
        let resolver = StateResolver(version: try batch.roomVersion(), create: create.event, source: self)
        return try await resolver.resolve(base, with: Array(trees.dropFirst()))
    }

    func authEvents(of events: [EventNID]) async throws -> [EventNID: [EventNID]] {
        try await batch.events(events).mapValues(\.stored.authEvents)
    }

    func events(_ numbers: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
        try await batch.events(numbers).compactMapValues { event in
            guard let key = event.stored.stateKeyNID else { return nil }
            return ResolutionEvent(
                number: event.nid, event: event.event, stateKey: key, authEvents: event.stored.authEvents,
                isRejected: event.stored.flags.contains(.rejected))
        }
    }

    func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        try await batch.reader.interning.knownStateKeys(keys)
    }
}
