/// The forward extremities.
extension EventReceipt {
    /// Ends of the graph that a room has here at most. Each costs a part of every resolution of the room's state; events of
    /// this server, and those of others that bring ends together, make them fewer.
    package static let maxEnds = 60
    /// Hidden events that are looked through for what they cover.
    private static let maxHidden = 100

    /// The ends that stay ends when an accepted event joins them.
    ///
    /// Rejected and soft-failed events never are ends: what they follow is covered by what follows them.
    ///
    /// - Throws: ``ReceiptError/tooManyEnds`` when the event would be one too many.
    nonisolated(nonsending) package func ends<Graph: RoomGraph>(
        leftBy event: Event, cited: [EventID: Graph.Node], in graph: Graph
    ) async throws -> [Graph.Node] {
        let covered = try await covered(by: event, cited: cited, in: graph)
        let left = graph.ends.filter { !covered.contains($0.eventID) }
        guard left.count < max(graph.ends.count, Self.maxEnds) else { throw ReceiptError.tooManyEnds }
        return left
    }

    private nonisolated(nonsending) func covered<Graph: RoomGraph>(
        by event: Event, cited: [EventID: Graph.Node], in graph: Graph
    ) async throws -> Set<EventID> {
        var covered = Set(event.prevEvents)
        var hidden = event.prevEvents.compactMap { cited[$0] }.filter(\.isHidden)
        var seen = 0
        while let next = hidden.popLast(), seen < Self.maxHidden {
            seen += 1
            let before = next.event.prevEvents.filter { covered.insert($0).inserted }
            if !before.isEmpty { hidden += try await graph.known(before).values.filter(\.isHidden) }
        }
        return covered
    }
}
