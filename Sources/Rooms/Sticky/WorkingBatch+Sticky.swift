import MatrixCore
import Storage

extension WorkingBatch {
    /// Looks again at an event that was soft-failed and would be sticky: the room's state has changed since, and servers that
    /// saw it change in another order have the event.
    ///
    /// It comes into the timeline now. To the graph it adds no end: whoever builds on it names it.
    mutating func reconsider(_ nid: EventNID) async throws -> RoomWriteResult {
        guard let event = try await events([nid])[nid] else { return .unchanged([]) }
        let flags = event.stored.flags
        guard flags.contains(.softFailed), flags.contains(.sticky), event.stored.position == 0, !event.event.isState,
            try await receipt().presentRefusal(of: event.event, in: self) == nil
        else { return .unchanged([event]) }
        return .written([
            try await enter(
                Entry(
                    event: event.event, earlier: nid, authEvents: event.stored.authEvents, previous: [],
                    stateBefore: event.stored.stateBefore, isLive: true))
        ])
    }
}
