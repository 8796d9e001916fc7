/// What one resolution has read: events as nodes of the auth graph, and some of them whole.
struct EventTable {
    /// Nodes that are asked for beyond those that are needed at once: few at first, and twice as many each time, so that
    /// neither a short walk reads much nor a long one asks often.
    private static let firstAhead = 32
    private static let mostAhead = 4_096

    private let source: any ResolutionSource
    private var events: [EventNID: ResolutionEvent] = [:]
    private var nodes: [EventNID: AuthNode] = [:]
    private var ahead = firstAhead

    init(source: any ResolutionSource) {
        self.source = source
    }

    subscript(number: EventNID) -> ResolutionEvent? { events[number] }

    func hasNode(_ number: EventNID) -> Bool { nodes[number] != nil }

    /// An event and those of some others whose nodes are not there yet, as many as one question may be about.
    func missing(_ first: EventNID, among others: [EventNID], from lowest: EventNID) -> [EventNID] {
        var missing = [first]
        for other in others where other >= lowest && other != first && nodes[other] == nil {
            missing.append(other)
            if missing.count == StateResolver.eventsPerRead { break }
        }
        return missing
    }

    /// The auth events of an event whose node was loaded.
    func authEvents(of number: EventNID) throws -> [EventNID] {
        guard let node = nodes[number] else { throw ResolutionError.missingEvent(number) }
        return node.authEvents
    }

    /// The state key of an event that was loaded by ``load(_:)`` or ``loadKeys(of:)``.
    func stateKey(of number: EventNID) -> StateKeyNID? { nodes[number]?.stateKey }

    /// The `m.room.power_levels` among the auth events of an event, all of them loaded.
    func powerLevels(of event: ResolutionEvent) -> ResolutionEvent? {
        for number in event.authEvents {
            if let found = events[number], found.event.fullStateKey == .powerLevels { return found }
        }
        return nil
    }

    // MARK: Loading

    /// Loads whole events that are not there yet.
    nonisolated(nonsending) mutating func load(_ numbers: some Sequence<EventNID>) async throws {
        for batch in Self.batches(numbers.filter { events[$0] == nil }) {
            let found = try await source.events(batch)
            for number in batch {
                guard let event = found[number] else { throw ResolutionError.missingEvent(number) }
                let node = AuthNode(stateKey: event.stateKey, authEvents: event.authEvents)
                nodes[number] = try Self.checked(node, of: number)
                events[number] = event
            }
        }
    }

    /// Loads nodes that are not there yet, and what they lead to, as far as the source tells.
    nonisolated(nonsending) mutating func loadNodes(of numbers: some Sequence<EventNID>) async throws {
        for batch in Self.batches(numbers.filter { nodes[$0] == nil }) {
            let found = try await source.authNodes(from: batch, more: ahead)
            ahead = min(2 * ahead, Self.mostAhead)
            for (number, node) in found where nodes[number] == nil {
                nodes[number] = try Self.checked(node, of: number)
            }
            for number in batch where nodes[number] == nil { throw ResolutionError.missingEvent(number) }
        }
    }

    /// Loads nodes with their state keys.
    nonisolated(nonsending) mutating func loadKeys(of numbers: some Collection<EventNID>) async throws {
        try await loadNodes(of: numbers)
        try await load(numbers.filter { nodes[$0]?.stateKey == nil })
    }

    private static func batches(_ numbers: [EventNID]) -> [[EventNID]] {
        if numbers.isEmpty { return [] }
        let sorted = Set(numbers).sorted()
        return stride(from: 0, to: sorted.count, by: StateResolver.eventsPerRead).map { start in
            Array(sorted[start..<min(start + StateResolver.eventsPerRead, sorted.count)])
        }
    }

    /// Walks end because numbers only go down: this is what makes damaged data harmless.
    private static func checked(_ node: AuthNode, of number: EventNID) throws -> AuthNode {
        guard node.authEvents.allSatisfy({ $0 < number }) else { throw ResolutionError.numbersOutOfOrder(number) }
        return node
    }
}
