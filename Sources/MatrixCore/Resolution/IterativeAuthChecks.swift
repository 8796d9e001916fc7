/// The iterative auth checks algorithm: applies events in order, those that the state so far allows.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct IterativeAuthChecks {
    private let rules: AuthRules
    private let create: Event
    private var state: [StateKey: ResolutionEvent] = [:]

    init(version: RoomVersion, create: Event) {
        rules = AuthRules(version: version)
        self.create = create
    }

    /// Starts from some events instead of an empty state (version 2).
    mutating func start<Source>(from events: [EventNID], in table: EventTable<Source>) {
        for number in events {
            if let event = table[number], let key = event.event.fullStateKey { state[key] = event }
        }
    }

    /// The power levels of the state so far.
    var powerLevels: ResolutionEvent? { state[.powerLevels] }

    var resolved: [EventNID] { state.values.map(\.number) }

    mutating func apply<Source>(_ events: [EventNID], in table: EventTable<Source>) {
        for number in events {
            guard let event = table[number], let key = event.event.fullStateKey else { continue }
            // An event that was rejected stays out, even if the resolved state would allow it: whoever can choose the state
            // of a fork could otherwise bring it in later.
            guard !event.isRejected else { continue }
            // The room has begun. See StateResolver.isForeignCreate.
            if event.event.type == EventType.create, event.event.eventID != create.eventID { continue }
            let view = View(state: state, authEvents: authEvents(of: event, in: table), create: create)
            if rules.check(event.event, against: view).isAllowed { state[key] = event }
        }
    }

    /// The auth events of an event that were not rejected.
    private func authEvents<Source>(of event: ResolutionEvent, in table: EventTable<Source>) -> [StateKey: Event] {
        var found: [StateKey: Event] = [:]
        for number in event.authEvents {
            guard let authEvent = table[number], !authEvent.isRejected, let key = authEvent.event.fullStateKey else {
                continue
            }
            found[key] = authEvent.event
        }
        return found
    }

    /// The state so far and, where it has nothing, the auth events of the event in question.
    private struct View: AuthState {
        let state: [StateKey: ResolutionEvent]
        let authEvents: [StateKey: Event]
        let create: Event

        func event(_ key: StateKey) -> Event? {
            if key == .create { return create }
            if let event = state[key], !event.isRejected { return event.event }
            return authEvents[key]
        }
    }
}
