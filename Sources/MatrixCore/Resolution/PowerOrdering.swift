/// The reverse topological power ordering: power events and what they rest on, auth events first, then by the sender's
/// power, by time and by id.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct PowerOrdering {
    let version: RoomVersion
    let create: Event
    let events: EventTable

    /// Picks the power events out of the full conflicted set, with those of their auth chain that are in it, and orders
    /// them.
    func sorted(_ conflicted: Set<EventNID>) throws -> [EventNID] {
        var chosen: Set<EventNID> = []
        var open = conflicted.filter { events[$0].map { Self.isPowerEvent($0.event) } ?? false }
        while let number = open.popFirst() {
            guard chosen.insert(number).inserted else { continue }
            open.formUnion(authEvents(of: number, in: conflicted).filter { !chosen.contains($0) })
        }
        return try topologicallySorted(chosen)
    }

    /// An event that may take something away from somebody.
    static func isPowerEvent(_ event: Event) -> Bool {
        guard let stateKey = event.stateKey else { return false }
        switch event.type {
        case EventType.powerLevels, EventType.joinRules, EventType.create: return stateKey.utf8.isEmpty
        case EventType.member:
            return (event.membership == .leave || event.membership == .ban)
                && !stateKey.utf8.elementsEqual(event.sender.description.utf8)
        default: return false
        }
    }

    private func authEvents(of number: EventNID, in set: Set<EventNID>) -> [EventNID] {
        (events[number]?.authEvents ?? []).filter(set.contains)
    }

    private struct Candidate {
        let number: EventNID
        let level: PowerLevel
        let time: Int64
        let eventID: EventID

        static func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
            if left.level != right.level { return left.level > right.level }
            if left.time != right.time { return left.time < right.time }
            return left.eventID < right.eventID
        }
    }

    /// Kahn's algorithm with a priority queue of the events whose auth events are all out.
    private func topologicallySorted(_ set: Set<EventNID>) throws -> [EventNID] {
        var waitingFor: [EventNID: Int] = [:]
        var dependents: [EventNID: [EventNID]] = [:]
        var ready = BinaryHeap<Candidate>(by: Candidate.precedes)
        for number in set {
            let authEvents = Set(authEvents(of: number, in: set))
            waitingFor[number] = authEvents.count
            for authEvent in authEvents { dependents[authEvent, default: []].append(number) }
            if authEvents.isEmpty { ready.insert(try candidate(number)) }
        }
        var sorted: [EventNID] = []
        while let next = ready.popFirst() {
            sorted.append(next.number)
            for dependent in dependents[next.number] ?? [] {
                let count = (waitingFor[dependent] ?? 0) - 1
                waitingFor[dependent] = count
                if count == 0 { ready.insert(try candidate(dependent)) }
            }
        }
        return sorted
    }

    private func candidate(_ number: EventNID) throws -> Candidate {
        guard let found = events[number] else { throw ResolutionError.missingEvent(number) }
        // The sender's level is the one that the event's own auth events give.
        let levels = PowerLevels(event: events.powerLevels(of: found)?.event, create: create, version: version)
        return Candidate(
            number: number, level: levels.level(of: found.event.sender), time: found.event.originServerTS,
            eventID: found.event.eventID)
    }
}
