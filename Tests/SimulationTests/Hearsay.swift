import MatrixCore

/// Whom servers ask for the state before an event that follows what they do not have.
enum Hearsay: Sendable, CaseIterable {
    /// Nobody: they wait until they have everything.
    case none
    /// Honest servers that have the event in its place.
    case honest
    case anybody
}

/// What a server says of the state before an event.
struct ToldState {
    let state: [EventID]
    /// The events of the state, and what authorises them.
    let events: [Event]
    /// What authorises the event itself.
    let authChain: [Event]
}

extension SimulatedServer {
    /// The state before an event, as the server has it; `nil` when it does not have the event.
    func truth(before event: Event) async throws -> ToldState? {
        guard let before = graph.node(event.eventID)?.stateBefore else { return nil }
        return tell(try await graph.content(of: before), before: event)
    }

    private func tell(_ content: [StateKey: Event], before event: Event) -> ToldState {
        let state = content.sorted { $0.key < $1.key }.map(\.value)
        return ToldState(
            state: state.map(\.eventID), events: state + authChain(of: state), authChain: authChain(of: [event]))
    }

    private func authChain(of events: [Event]) -> [Event] {
        var open = events.flatMap(\.authEvents)
        var found: [EventID: Event] = [:]
        while let id = open.popLast() {
            guard found[id] == nil, let event = event(id) else { continue }
            found[id] = event
            open += event.authEvents
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What a liar says: a state that is of another time, has holes, and old events and its own in the place of others.
    func lie(before event: Event, lies: [Event], _ generator: inout SeededGenerator) async throws -> ToldState? {
        let place = generator.isLucky(60) ? graph.node(event.eventID) : nil
        guard let before = (place ?? generator.pick(graph.order))?.stateBefore else { return nil }
        var content = try await graph.content(of: before)
        for key in content.keys.sorted() where key != .create && generator.isLucky(25) {
            content[key] =
                generator.isLucky(40) ? nil : generator.pick(graph.order.map(\.event).filter { $0.fullStateKey == key })
        }
        for lie in generator.some(lies, atMost: 3) {
            if let key = lie.fullStateKey, key != .create || generator.isLucky(10) { content[key] = lie }
        }
        let told = tell(content, before: event)
        return ToldState(
            state: told.state, events: told.events.filter { _ in !generator.isLucky(3) }, authChain: told.authChain)
    }
}
