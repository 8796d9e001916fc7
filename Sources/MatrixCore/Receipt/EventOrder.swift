/// Puts events into the order in which they have to be looked at. Depths are claims; what an event cites is not.
package enum EventOrder {
    /// Each event once and after its predecessors, as far as these are among the events; otherwise by depth.
    package static func sort(byPredecessors events: [Event]) -> [Event] {
        let ids = Set(events.map(\.eventID))
        return sort(events) { $0.prevEvents.filter(ids.contains) }
    }

    /// Each event once and after its auth events; the create event of a version 12 room, which nobody cites, first.
    ///
    /// What cites an event that is neither among them nor known is left out, and with it whatever cites that.
    package static func sort(
        byAuthEvents events: [Event], above known: Set<EventID>, create: EventID?
    ) -> [Event] {
        sort(events) { event in
            let implied = event.eventID == create ? nil : create
            return event.authEvents.filter { !known.contains($0) }
                + (implied.map { known.contains($0) ? [] : [$0] } ?? [])
        }
    }

    /// Events are named by what they cite, so there are no circles; in old versions somebody could make one, and then what is
    /// in it is left out.
    ///
    /// - Parameter needs: what has to come before an event.
    private static func sort(_ events: [Event], by needs: (Event) -> [EventID]) -> [Event] {
        var byID: [EventID: Event] = [:]
        var open: [EventID: Int] = [:]
        var waiting: [EventID: [EventID]] = [:]
        var ready: [Event] = []
        for event in events where byID.updateValue(event, forKey: event.eventID) == nil {
            let needed = Set(needs(event))
            open[event.eventID] = needed.count
            for id in needed { waiting[id, default: []].append(event.eventID) }
            if needed.isEmpty { ready.append(event) }
        }
        ready.sort { $0.depth > $1.depth }
        var sorted: [Event] = []
        sorted.reserveCapacity(byID.count)
        while let event = ready.popLast() {
            sorted.append(event)
            for id in waiting[event.eventID] ?? [] {
                guard let count = open[id] else { continue }
                open[id] = count - 1
                if count == 1, let freed = byID[id] { ready.append(freed) }
            }
        }
        return sorted
    }
}
