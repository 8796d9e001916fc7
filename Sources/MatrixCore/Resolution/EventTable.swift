/// The events that one resolution has loaded.
struct EventTable<Source: ResolutionSource> {
    private let source: Source
    private var events: [EventNID: ResolutionEvent] = [:]

    init(source: Source) {
        self.source = source
    }

    var numbers: Set<EventNID> { Set(events.keys) }

    subscript(number: EventNID) -> ResolutionEvent? { events[number] }

    /// Loads events that are not there yet.
    ///
    /// - Parameter isOptional: leave out what the source does not have: the rules can do without an auth event, as they
    ///   would when it had been rejected.
    nonisolated(nonsending) mutating func load(
        _ numbers: some Sequence<EventNID>, isOptional: Bool = false
    ) async throws {
        let missing = Set(numbers).filter { events[$0] == nil }.sorted()
        for start in stride(from: 0, to: missing.count, by: StateResolver<Source>.eventsPerRead) {
            let batch = Array(missing[start..<min(start + StateResolver<Source>.eventsPerRead, missing.count)])
            let found = try await source.events(batch)
            for number in batch {
                guard let event = found[number] else {
                    if isOptional { continue }
                    throw ResolutionError.missingEvent(number)
                }
                guard event.authEvents.allSatisfy({ $0 < number }) else {
                    throw ResolutionError.numbersOutOfOrder(number)
                }
                events[number] = event
            }
        }
    }

    /// The `m.room.power_levels` among the auth events of an event, as far as they are loaded.
    func powerLevels(of event: ResolutionEvent) -> ResolutionEvent? {
        for number in event.authEvents {
            if let found = events[number], found.event.fullStateKey == .powerLevels { return found }
        }
        return nil
    }
}
