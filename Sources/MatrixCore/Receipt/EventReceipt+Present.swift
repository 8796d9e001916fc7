extension EventReceipt {
    /// Why an event that was soft-failed is still no part of the room, by the room's state now; `nil` when it may be one.
    ///
    /// Only the last of the checks on receipt: the others come out as they did.
    nonisolated(nonsending) package func presentRefusal<Graph: RoomGraph>(
        of event: Event, in graph: Graph
    ) async throws -> AuthRefusal? {
        try await refusal(of: event, by: graph.tree, in: graph)
    }
}
