import MatrixCore

/// Puts events after those that they cite.
enum AuthOrder {
    /// Auth events before what they authorise; the create event of a version 12 room, which nobody cites, first.
    ///
    /// What cites an event that is neither among them nor known is left out, and with it whatever cites that.
    static func sort(byAuthEvents events: [Event], above known: Set<EventID>, create: EventID?) -> [Event] {
        sort(events) { event in
            let implied = event.eventID == create ? nil : create
            return event.authEvents.filter { !known.contains($0) }
                + (implied.map { known.contains($0) ? [] : [$0] } ?? [])
        }
    }

    /// Events after their predecessors, as far as these are among them.
    static func sort(byPredecessors events: [Event]) -> [Event] {
        let ids = Set(events.map(\.eventID))
        return sort(events) { $0.prevEvents.filter(ids.contains) }
    }

    /// - Parameter needs: what has to come before an event.
    private static func sort(_ events: [Event], by needs: (Event) -> [EventID]) -> [Event] {
        let byID = Dictionary(events.map { ($0.eventID, $0) }, uniquingKeysWith: { _, last in last })
        var open: [EventID: Int] = [:]
        var waiting: [EventID: [EventID]] = [:]
        var ready: [Event] = []
        for event in events where open[event.eventID] == nil {
            let needed = Set(needs(event))
            open[event.eventID] = needed.count
            for id in needed { waiting[id, default: []].append(event.eventID) }
            if needed.isEmpty { ready.append(event) }
        }
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

extension Array {
    /// The elements in pieces of at most `size`.
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
