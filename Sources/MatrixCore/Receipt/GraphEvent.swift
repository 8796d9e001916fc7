/// An event as a server keeps it: with its number, and with what the checks on receipt made of it.
package protocol GraphEvent: Sendable {
    var event: Event { get }
    var number: EventNID { get }
    /// `nil` for events that are no state.
    var stateKeyNumber: StateKeyNID? { get }
    /// The room's state just before it; `nil` for an outlier, which was checked by its auth events only and has no place in
    /// the graph yet.
    var stateBefore: StateRoot? { get }
    /// Rejected events stay known: what cites them as auth events is rejected, and no state has them.
    var isRejected: Bool { get }
    /// Soft-failed events count in the states after them, but are no ends of the graph.
    var isSoftFailed: Bool { get }
}

extension GraphEvent {
    package var eventID: EventID { event.eventID }
    var isPlaced: Bool { stateBefore != nil }
    /// Whether nothing of ours follows it, although it is in the graph.
    var isHidden: Bool { isRejected || isSoftFailed }
    package var asAuthEvent: AuthRules.AuthEvent { AuthRules.AuthEvent(event: event, isRejected: isRejected) }
}

/// The graph of one room as one server knows it, for the checks on receipt: the events that it has, and where the room is
/// now.
///
/// A value: what the checks make on their way stays in the copy that they were given.
package protocol RoomGraph: Sendable {
    associatedtype Node: GraphEvent
    associatedtype Source: ResolutionSource

    /// The room's state now.
    var tree: StateTree { get }
    /// The forward extremities: the accepted events that nothing follows yet.
    var ends: [Node] { get }
    /// The same events by number.
    var source: Source { get }

    /// Those of the events that are here, outliers and rejected ones too. Events of other rooms are not here.
    func known(_ ids: [EventID]) async throws -> [EventID: Node]

    /// A number for a pack, never given out before.
    func newPackNumber() async throws -> PackNID

    /// Takes a pack that was made on the way. It is readable at once.
    mutating func keep(_ pack: StateUpdate.NewPack)

    /// The state after an event, when it was worked out before. Every event that comes asks for that after each end of the
    /// graph: whoever forgets it makes the same packs again.
    func rememberedState(after event: EventNID) -> StateTree?

    mutating func remember(_ state: StateTree, after event: EventNID)
}

extension RoomGraph {
    package func rememberedState(after event: EventNID) -> StateTree? { nil }
    package mutating func remember(_ state: StateTree, after event: EventNID) {}
}
