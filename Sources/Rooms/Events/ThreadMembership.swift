package import MatrixCore

/// Which thread of its room an event is in.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts
package enum ThreadMembership {
    /// Relations that are followed from an event to the root of its thread, besides its own.
    private static let maxHops = 3

    /// The root of the thread that an event is in, because it says so, or because it relates to something in the thread; `nil`
    /// in the main timeline.
    ///
    /// - Parameter parent: finds an event of the room that another one relates to, as it was before it may have been redacted.
    /// - Cost: nothing for most events; a look for each relation that is followed.
    package static func root(
        of event: Event, parent: (EventID) async throws -> Event?
    ) async throws -> EventID? {
        guard var relation = event.relation else { return nil }
        for _ in 0..<maxHops {
            if relation.type == RelationType.thread { return relation.parent }
            guard let next = try await parent(relation.parent)?.relation else { return nil }
            relation = next
        }
        return relation.type == RelationType.thread ? relation.parent : nil
    }
}
