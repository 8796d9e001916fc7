/// The resolution of room version 1: power levels, then join rules, then members, then the rest; of each key the events
/// in the order of their depth.
///
/// Where the specification leaves room it does what the servers of such rooms do: the keys of one pass do not see each
/// other's results, so that their order makes no difference, and where the rules allow none of the events that claim a
/// key, the one of the least depth holds it.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
struct FirstResolution {
    private let rules: AuthRules
    private let create: Event
    /// The result so far, as far as the rules may ask for it.
    private var state: [StateKey: Event]

    /// - Parameter unconflicted: what no two states hold differently, as far as the rules may ask for it.
    init(version: RoomVersion, create: Event, unconflicted: [StateKey: Event]) {
        rules = AuthRules(version: version)
        self.create = create
        state = unconflicted
    }

    /// - Parameter conflicts: for each key at least one event, none of them rejected.
    /// - Returns: the event that is to hold each key.
    mutating func resolve(_ conflicts: [StateKey: [ResolutionEvent]]) throws(ResolutionError) -> [EventNID] {
        var resolved: [EventNID] = []
        var passes: [[(key: StateKey, events: [ResolutionEvent])]] = [[], [], [], []]
        for (key, events) in conflicts { passes[Self.pass(of: key)].append((key, events)) }
        for (number, pass) in passes.enumerated() {
            var results: [StateKey: Event] = [:]
            for (key, events) in pass {
                let rising = try Self.sorted(events)
                let winner = number < passes.count - 1 ? lastAllowed(of: rising, for: key) : deepestAllowed(of: rising)
                results[key] = winner?.event
                if let winner { resolved.append(winner.number) }
            }
            state.merge(results) { _, new in new }
        }
        return resolved
    }

    private static func pass(of key: StateKey) -> Int {
        if key == .powerLevels { return 0 }
        if key.type == EventType.joinRules { return 1 }
        return key.type == EventType.member ? 2 : 3
    }

    /// By ascending depth, then descending SHA-1 of the id.
    private static func sorted(_ events: [ResolutionEvent]) throws(ResolutionError) -> [ResolutionEvent] {
        guard events.count > 1 else { return events }
        var keyed: [(digest: [UInt8], event: ResolutionEvent)] = []
        for event in events {
            guard let digest = SHA1.hash(event.event.eventID.description) else { throw .noDigest }
            keyed.append((digest, event))
        }
        keyed.sort { left, right in
            let (first, second) = (left.event.event.depth, right.event.event.depth)
            return first == second ? right.digest.lexicographicallyPrecedes(left.digest) : first < second
        }
        return keyed.map(\.event)
    }

    /// The first of the events, and then each that the one before it allows, until one is refused.
    private func lastAllowed(of events: [ResolutionEvent], for key: StateKey) -> ResolutionEvent? {
        guard var current = events.first else { return nil }
        for next in events.dropFirst() {
            let view = View(state: state, create: create, key: key, holder: current.event)
            guard rules.check(next.event, against: view).isAllowed else { return current }
            current = next
        }
        return current
    }

    /// The deepest of the events that the result so far allows; the least deep when there is none.
    private func deepestAllowed(of events: [ResolutionEvent]) -> ResolutionEvent? {
        let view = View(state: state, create: create, key: nil, holder: nil)
        return events.last { rules.check($0.event, against: view).isAllowed } ?? events.first
    }

    /// The result so far, with one key held by a candidate.
    private struct View: AuthState {
        let state: [StateKey: Event]
        let create: Event
        let key: StateKey?
        let holder: Event?

        func event(_ wanted: StateKey) -> Event? {
            if wanted == .create { return create }
            return wanted == key ? holder : state[wanted]
        }
    }
}
