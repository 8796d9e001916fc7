import MatrixCore

/// The order of the graph. Depths are claims; what an event cites is not.
enum EventOrder {
    /// Each event once and after its predecessors, as far as these are among the events; otherwise by depth and as given.
    static func sort(byPredecessors events: [Event]) -> [Event] {
        var byID: [EventID: Event] = [:]
        for event in events where byID[event.eventID] == nil { byID[event.eventID] = event }
        var open: [EventID: Int] = [:]
        var followers: [EventID: [EventID]] = [:]
        for event in byID.values {
            let needs = event.prevEvents.filter { byID[$0] != nil }
            open[event.eventID] = needs.count
            for need in needs { followers[need, default: []].append(event.eventID) }
        }
        var sorted: [Event] = []
        sorted.reserveCapacity(byID.count)
        // Events are named by what they cite, so there are no circles; in old versions somebody could make one, and then
        // what is in it is left out.
        var ready = events.filter { open.removeValue(forKey: $0.eventID, if: 0) }.sorted { $0.depth > $1.depth }
        while let event = ready.popLast() {
            sorted.append(event)
            for id in followers[event.eventID] ?? [] {
                guard let count = open[id] else { continue }
                open[id] = count - 1
                if count == 1, let next = byID[id] { ready.append(next) }
            }
        }
        return sorted
    }
}

extension Dictionary where Value == Int {
    /// Removes a count if it is the one given, and says so.
    fileprivate mutating func removeValue(forKey key: Key, if value: Int) -> Bool {
        guard self[key] == value else { return false }
        self[key] = nil
        return true
    }
}
