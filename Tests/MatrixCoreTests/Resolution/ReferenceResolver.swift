import MatrixCore

/// State resolution as the specification tells it, with whole sets and no thought of cost, to compare the real one with.
struct ReferenceResolver {
    let version: RoomVersion
    let create: Event
    private let events: [EventID: Event]
    private let chains: [EventID: Set<Event>]

    /// - Parameter events: auth events before those that name them.
    init(version: RoomVersion, create: Event, events: [Event]) {
        self.version = version
        self.create = create
        var known: [EventID: Event] = [:]
        var chains: [EventID: Set<Event>] = [:]
        for event in events {
            known[event.eventID] = event
            let authEvents = event.authEvents.compactMap { known[$0] }
            chains[event.eventID] = authEvents.reduce(into: Set(authEvents)) { $0.formUnion(chains[$1.eventID] ?? []) }
        }
        self.events = known
        self.chains = chains
    }

    func resolve(_ states: [[StateKey: Event]]) -> [StateKey: Event] {
        var unconflicted: [StateKey: Event] = [:]
        var conflicted: Set<Event> = []
        for key in Set(states.flatMap(\.keys)) {
            let values = states.map { $0[key] }
            if let first = values[0], values.allSatisfy({ $0 == first }) {
                unconflicted[key] = first
            } else {
                conflicted.formUnion(values.compactMap { $0 })
            }
        }
        if conflicted.isEmpty { return unconflicted }
        let chains = states.map { state in state.values.reduce(into: Set(state.values)) { $0.formUnion(chain($1)) } }
        let union = chains.reduce(into: Set<Event>()) { $0.formUnion($1) }
        var full = conflicted.union(union.filter { event in !chains.allSatisfy { $0.contains(event) } })
        if version.stateResolution == .v2_1 {
            full.formUnion(
                union.union(conflicted).filter { event in
                    let leads = !chain(event).union([event]).isDisjoint(with: conflicted)
                    return leads && conflicted.contains { chain($0).union([$0]).contains(event) }
                })
        }
        var chosen = full.filter(isPowerEvent)
        var before = -1
        while before != chosen.count {
            before = chosen.count
            chosen.formUnion(chosen.flatMap(authEvents).filter(full.contains))
        }
        var state = version.stateResolution == .v2_1 ? [:] : unconflicted
        check(powerSorted(chosen), &state)
        check(mainlineSorted(full.subtracting(chosen), state[.powerLevels]), &state)
        return state.merging(unconflicted) { _, unconflicted in unconflicted }
    }

    private func authEvents(_ event: Event) -> [Event] { event.authEvents.compactMap { events[$0] } }

    private func chain(_ event: Event) -> Set<Event> { chains[event.eventID] ?? [] }

    private func isPowerEvent(_ event: Event) -> Bool {
        switch event.type {
        case EventType.powerLevels, EventType.joinRules: true
        case EventType.member:
            [.leave, .ban].contains(event.membership) && event.stateKey != event.sender.description
        default: false
        }
    }

    private func levels(_ event: Event) -> Event? { authEvents(event).first { $0.type == EventType.powerLevels } }

    private func powerSorted(_ set: Set<Event>) -> [Event] {
        var rest = set
        var sorted: [Event] = []
        while !rest.isEmpty {
            let ready = rest.filter { Set(authEvents($0)).isDisjoint(with: rest) }
            let next = ready.min { left, right in
                let first = PowerLevels(event: levels(left), create: create, version: version).level(of: left.sender)
                let second = PowerLevels(event: levels(right), create: create, version: version).level(of: right.sender)
                if first != second { return first > second }
                return (left.originServerTS, left.eventID) < (right.originServerTS, right.eventID)
            }
            guard let next else { return sorted }
            sorted.append(next)
            rest.remove(next)
        }
        return sorted
    }

    private func line(_ start: Event?) -> [Event] {
        var line: [Event] = []
        var next = start
        while let event = next {
            line.append(event)
            next = levels(event)
        }
        return line
    }

    private func mainlineSorted(_ set: Set<Event>, _ powerLevels: Event?) -> [Event] {
        let mainline = line(powerLevels)
        func position(_ event: Event) -> Int {
            line(levels(event)).lazy.compactMap { mainline.firstIndex(of: $0) }.first ?? .max
        }
        return set.map { (position($0), $0) }.sorted { left, right in
            if left.0 != right.0 { return left.0 > right.0 }
            return (left.1.originServerTS, left.1.eventID) < (right.1.originServerTS, right.1.eventID)
        }.map(\.1)
    }

    private func check(_ sorted: [Event], _ state: inout [StateKey: Event]) {
        for event in sorted {
            var view = AuthStateMap(authEvents(event))
            for key in AuthRules(version: version).selection(for: event) {
                if let found = state[key] { view.insert(found) }
            }
            view.insert(create)
            if AuthRules(version: version).check(event, against: view).isAllowed, let key = event.fullStateKey {
                state[key] = event
            }
        }
    }
}
