/// The conflicted state subgraph: the events on all paths along auth events from one conflicted event to another.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct ConflictedSubgraph {
    let conflicted: Set<EventNID>

    /// The subgraph with its ends. All conflicted events are in the table.
    ///
    /// - Cost: the auth chains of the conflicted events down to the oldest of them that an auth event can be: no walk at all
    ///   when only names, topics and the like are in conflict, however old they are.
    nonisolated(nonsending) func find(
        in table: inout EventTable
    ) async throws -> Set<EventNID> {
        let citable = conflicted.filter { table[$0].map { Self.isCitable($0.event.type) } ?? false }
        guard let lowest = citable.min() else { return conflicted }
        var visited = conflicted
        var open = BinaryHeap<EventNID>(by: >)
        for event in conflicted where event > lowest { open.insert(event) }
        while let next = open.popFirst() {
            if !table.hasNode(next) {
                try await table.loadNodes(of: table.missing(next, among: open.elements, from: lowest))
            }
            for authEvent in try table.authEvents(of: next) where authEvent >= lowest {
                // Nothing below the lowest can lead to it; nor does it have to be looked at itself.
                if visited.insert(authEvent).inserted, authEvent > lowest { open.insert(authEvent) }
            }
        }
        // Upwards: an event leads to a conflicted one when it is one, or one of its auth events does.
        var leading = conflicted
        for event in visited.sorted() where event > lowest {
            if try table.authEvents(of: event).contains(where: leading.contains) { leading.insert(event) }
        }
        return leading
    }

    /// Rule 3.2 rejects whatever cites an auth event of another type.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
    private static func isCitable(_ type: String) -> Bool {
        switch type {
        case EventType.create, EventType.powerLevels, EventType.joinRules, EventType.member,
            EventType.thirdPartyInvite:
            true
        default: false
        }
    }
}
