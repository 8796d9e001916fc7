import MatrixCore
import Rooms
import Storage

/// Walks from events to what authorises them, by number and without reading a single event.
struct AuthChains: Sendable {
    private static let eventsAtOnce = 1_000
    /// Longer chains than any room can have in good faith; a walk that gets there ends.
    static let maxEvents = 1_000_000

    let reader: RoomReader

    /// The auth events of some events, theirs, and so on. The create event is always among them, though since version 12
    /// nobody names it.
    ///
    /// Cost: a query for each step of the way up, of a thousand events at most.
    ///
    /// - Parameter roots: among the result only if others of them cite them.
    /// - Returns: in ascending order, and so each after what authorises it.
    /// - Throws: 413 `M_TOO_LARGE` when there is no end to it.
    func chain(of roots: some Sequence<EventNID>, in room: RoomRecord) async throws -> [EventNID] {
        var chain: Set<EventNID> = []
        var walked: Set<EventNID> = Set(roots)
        var open = Array(walked)
        while !open.isEmpty {
            let some = Array(open.suffix(Self.eventsAtOnce))
            open.removeLast(some.count)
            for cited in try await reader.eventStore.authEvents(of: some, in: room.nid).values.joined() {
                chain.insert(cited)
                if walked.insert(cited).inserted { open.append(cited) }
            }
            guard walked.count <= Self.maxEvents else { throw MatrixError(.tooLarge, "The auth chain is too long") }
        }
        if let createID = room.roomID.createEventID,
            let create = try await reader.eventStore.numbers([createID], in: room.nid)[createID]?.nid,
            walked != [create]
        {
            chain.insert(create)
        }
        return chain.sorted()
    }
}
