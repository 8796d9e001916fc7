package import MatrixCore
package import Storage

/// An event of a room, parsed, with what the database knows of it.
package final class RoomEvent: Sendable {
    package let stored: StoredEvent
    package let event: Event

    package init(stored: StoredEvent, event: Event) {
        self.stored = stored
        self.event = event
    }

    package var nid: EventNID { stored.nid }
    package var eventID: EventID { stored.eventID }
}
