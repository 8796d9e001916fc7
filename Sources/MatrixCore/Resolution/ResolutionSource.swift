/// Where state resolution finds what it needs to know about events, by number. It asks for many at once, and for few things
/// more than once; a cache behind it pays, because none of this ever changes.
package protocol ResolutionSource: Sendable {
    /// The numbers of the auth events of some events. At most ``StateResolver/eventsPerRead`` at once.
    func authEvents(of events: [EventNID]) async throws -> [EventNID: [EventNID]]

    /// A part of the auth graph: some events, at most ``StateResolver/eventsPerRead``, and up to `more` of those that they
    /// lead to, the nearest first. A source that answers with more than it was asked for spares a question for each
    /// step of a long chain.
    func authNodes(from events: [EventNID], more: Int) async throws -> [EventNID: AuthNode]

    /// Whole events. At most ``StateResolver/eventsPerRead`` at once. Those that are not there are left out.
    func events(_ numbers: [EventNID]) async throws -> [EventNID: ResolutionEvent]

    /// The numbers of state keys; those that have none, because no event has them, are left out.
    func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID]
}

extension ResolutionSource {
    package func authNodes(from events: [EventNID], more: Int) async throws -> [EventNID: AuthNode] {
        try await authEvents(of: events).mapValues { AuthNode(stateKey: nil, authEvents: $0) }
    }
}

/// An event as a place in the auth graph.
package struct AuthNode: Hashable, Sendable {
    /// `nil` when the source can only tell it together with the whole event.
    package let stateKey: StateKeyNID?
    /// All lower than the event's own number.
    package let authEvents: [EventNID]

    package init(stateKey: StateKeyNID?, authEvents: [EventNID]) {
        self.stateKey = stateKey
        self.authEvents = authEvents
    }
}

/// A state event as state resolution sees it.
package struct ResolutionEvent: Sendable {
    package let number: EventNID
    package let event: Event
    package let stateKey: StateKeyNID
    /// All lower than ``number``.
    package let authEvents: [EventNID]
    /// Whether the event was rejected when it came. Such an event is never let into a state afterwards.
    package let isRejected: Bool

    package init(
        number: EventNID, event: Event, stateKey: StateKeyNID, authEvents: [EventNID], isRejected: Bool
    ) {
        self.number = number
        self.event = event
        self.stateKey = stateKey
        self.authEvents = authEvents
        self.isRejected = isRejected
    }
}

/// Why states could not be resolved. None of it comes from what other servers sent; trying again helps only where the
/// source comes to know more.
package enum ResolutionError: Error, Hashable, Sendable {
    /// More different states than ``StateResolver/maximumStates``.
    case tooManyStates(Int)
    /// The source does not know an event that is in a state or in an auth chain.
    case missingEvent(EventNID)
    /// An auth event whose number is not below that of its event.
    case numbersOutOfOrder(EventNID)
    /// libcrypto could not give the SHA-1 of an event's id, by which room version 1 orders events.
    case noDigest
}
