import MatrixCore
import Storage

/// Checks events by the auth events that they name: what can be told of an event wherever it stands.
struct EventAuthority: Sendable {
    let rules: AuthRules
    /// The room's create event; versions before 12 find it among the auth events too.
    let create: RoomEvent?

    /// - Parameter authEvents: all that the event names.
    func refusal(of event: Event, by authEvents: [RoomEvent]) -> AuthRefusal? {
        func entry(_ event: RoomEvent) -> AuthRules.AuthEvent {
            AuthRules.AuthEvent(event: event.event, isRejected: event.stored.flags.contains(.rejected))
        }
        if let refusal = rules.checkAuthEvents(of: event, authEvents.map(entry), create: create.map(entry)).refusal {
            return refusal
        }
        var state = AuthStateMap(authEvents.map(\.event))
        if let create { state.insert(create.event) }
        return rules.check(event, against: state).refusal
    }
}
