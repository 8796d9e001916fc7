package import MatrixCore
package import Storage
import Telemetry

/// Going to a time of a room's history.
extension RoomService {
    /// Places where history is missing that are compared with the place of a time.
    private static var maxGaps: Int { 200 }
    /// Events that are fetched around one that another server knows.
    private static var fetchedAround: Int { 20 }

    /// The event nearest to a time, of those that the viewer may see: not before it, or not after it.
    ///
    /// Other servers are asked when history is missing here at that time.
    ///
    /// - Throws: 404 `M_NOT_FOUND`.
    package func event(
        at milliseconds: Int64, _ direction: Direction, in readable: ReadableRoom
    ) async throws -> RoomEvent {
        let room = readable.room
        let search = NearestEvent(reader, in: room, at: milliseconds, direction)
        let local = try await search.find { try await visibility.visible($0, to: readable.viewer, in: room) }
        if let remote, try await isGap(local, in: room),
            let better = try await event(of: remote, search, betterThan: local.event, in: readable)
        {
            return better
        }
        guard let event = local.event else {
            throw MatrixError(
                .notFound, "there is no event \(direction == .forwards ? "from" : "up to") \(milliseconds) to be seen")
        }
        return event
    }

    /// The event nearest to a time that another server of the room may be told of: that an event is there every one may know.
    package func event(at milliseconds: Int64, _ direction: Direction, in room: RoomRecord) async throws -> RoomEvent? {
        try await NearestEvent(reader, in: room, at: milliseconds, direction).find { $0 }.event
    }

    private func isGap(_ finding: NearestEvent.Finding, in room: RoomRecord) async throws -> Bool {
        let gaps = try await reader.eventStore.missing(in: room.nid, limit: Self.maxGaps)
        return gaps.contains { $0.depth > (finding.before ?? -1) && $0.depth <= (finding.after ?? .max) }
    }

    /// What other servers know to be nearer, once it is here.
    private func event(
        of remote: any RemoteRooms, _ search: NearestEvent, betterThan local: RoomEvent?, in readable: ReadableRoom
    ) async throws -> RoomEvent? {
        let room = readable.room
        do {
            guard
                let told = try await remote.event(
                    in: room, at: search.milliseconds, isForwards: search.direction == .forwards),
                search.isInDirection(told.originServerTS), told.eventID != local?.eventID,
                local.map({ distance($0.event.originServerTS, search) > distance(told.originServerTS, search) }) ?? true
            else { return nil }
            if try await reader.events.event(told.eventID, in: room)?.stored.flags.isShown != true {
                _ = try await remote.backfill(room, before: [told.eventID], limit: Self.fetchedAround)
            }
            // What it is really, and whether it may be seen, its own words and its place say.
            guard let event = try await reader.events.event(told.eventID, in: room), search.isWanted(event),
                try await visibility.isVisible(event, to: readable.viewer, in: room)
            else { return nil }
            return event
        } catch {
            writing.telemetry.log.warning(
                "no event of another server by its time", [.roomID: "\(room.roomID)", .cause: "\(error)"])
            return nil
        }
    }

    /// Times of other servers may be anything that fits.
    private func distance(_ time: Int64, _ search: NearestEvent) -> UInt64 {
        let difference = time.subtractingReportingOverflow(search.milliseconds)
        return difference.overflow ? .max : difference.partialValue.magnitude
    }
}

/// An event of which another server tells when it was.
package struct TimedEvent: Sendable {
    package let eventID: EventID
    package let originServerTS: Int64

    package init(eventID: EventID, originServerTS: Int64) {
        self.eventID = eventID
        self.originServerTS = originServerTS
    }
}
