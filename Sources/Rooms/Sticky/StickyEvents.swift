package import MatrixCore
package import Storage
package import Telemetry

/// Events that everybody in the room gets to see while they are sticky, however much else was said, and whenever they joined.
///
/// - Spec: MSC4354
package struct StickyEvents: Sendable {
    /// Part of a room's log: after `since`, up to `head`. For somebody who has just come, `since` is 0.
    package struct Question: Sendable {
        package let room: RoomRecord
        package let since: Int64
        package let head: Int64

        package init(room: RoomRecord, since: Int64, head: Int64) {
            self.room = room
            self.since = since
            self.head = head
        }
    }

    private let reader: RoomReader
    private let store: StickyEventStore
    private let clock: any Clock

    package init(reader: RoomReader, store: StickyEventStore, clock: any Clock) {
        self.reader = reader
        self.store = store
        self.clock = clock
    }

    /// The events that are sticky now, by room, oldest first. What history visibility says makes no difference to them; whoever
    /// is shown them has to be in the room.
    ///
    /// Cost: one query for all rooms, and one a room that has any and whose events are not in memory. Ask only for rooms whose
    /// timeline may leave one out.
    package func events(_ questions: [Question]) async throws -> [RoomNID: [RoomEvent]] {
        let now = clock.nowMilliseconds
        let found = try await store.shown(in: questions.map { ($0.room.nid, $0.since, $0.head) }, now: now)
        var sticky: [RoomNID: [RoomEvent]] = [:]
        for question in questions {
            guard let entries = found[question.room.nid] else { continue }
            let events = try await reader.events.events(entries.map(\.event), in: question.room)
            sticky[question.room.nid] = entries.compactMap { entry in
                guard let event = events[entry.event], event.stored.flags.isShown, event.stored.redactedBy == nil,
                    let end = event.event.stickyEnd(receivedAt: entry.receivedAt), end > now
                else { return nil }
                return event
            }
        }
        return sticky.filter { !$0.value.isEmpty }
    }
}

extension RoomService {
    /// The sticky events of rooms.
    package var sticky: StickyEvents {
        StickyEvents(reader: reader, store: writing.sticky, clock: writing.telemetry.clock)
    }
}

/// Forgets which events were sticky.
package struct StickyEventUpkeep: Sendable {
    private let store: StickyEventStore
    private let clock: any Clock

    package init(store: StickyEventStore, clock: any Clock) {
        self.store = store
        self.clock = clock
    }

    package func purge() async throws { try await store.purge(now: clock.nowMilliseconds) }
}
