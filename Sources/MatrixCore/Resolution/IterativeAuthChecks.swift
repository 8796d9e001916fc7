/// The iterative auth checks algorithm: applies events in order, those that the state so far allows.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct IterativeAuthChecks {
    /// Events that are checked before other tasks get their turn, about a millisecond.
    private static let eventsPerTurn = 128

    private let rules: AuthRules
    private let create: Event
    private var state: [StateKey: ResolutionEvent] = [:]

    init(version: RoomVersion, create: Event) {
        rules = AuthRules(version: version)
        self.create = create
    }

    /// Starts from some events instead of an empty state (version 2).
    mutating func start(from events: [EventNID], in table: EventTable) {
        for number in events {
            if let event = table[number], let key = event.event.fullStateKey { state[key] = event }
        }
    }

    /// The power levels of the state so far.
    var powerLevels: ResolutionEvent? { state[.powerLevels] }

    var resolved: [EventNID] { state.values.map(\.number) }

    nonisolated(nonsending) mutating func apply(_ events: [EventNID], in table: EventTable) async {
        for (index, number) in events.enumerated() {
            // Whoever made a conflict of thousands of events keeps no thread from the rooms of others.
            if index % Self.eventsPerTurn == Self.eventsPerTurn - 1 { await Task.yield() }
            guard let event = table[number], let key = event.event.fullStateKey else { continue }
            // An event that was rejected stays out, even if the resolved state would allow it: whoever can choose the state
            // of a fork could otherwise bring it in later.
            guard !event.isRejected else { continue }
            // The room has begun. See StateResolver.isForeignCreate.
            if event.event.type == EventType.create, event.event.eventID != create.eventID { continue }
            if isAllowed(event, in: table) { state[key] = event }
        }
    }

    private func isAllowed(_ event: ResolutionEvent, in table: EventTable) -> Bool {
        rules.check(event.event, against: View(state: state, event: event, table: table, create: create)).isAllowed
    }

    /// The state so far and, where it has nothing, the auth events of the event in question, all of them loaded.
    private struct View: AuthState {
        let state: [StateKey: ResolutionEvent]
        let event: ResolutionEvent
        let table: EventTable
        let create: Event

        func event(_ key: StateKey) -> Event? {
            if key == .create { return create }
            if let event = state[key], !event.isRejected { return event.event }
            for number in event.authEvents.reversed() {
                guard let found = table[number], !found.isRejected, found.event.fullStateKey == key else { continue }
                // Those of other rooms were never let in; nor do they speak here.
                if found.event.roomID == create.roomID { return found.event }
            }
            return nil
        }
    }
}
