package import MatrixCore
package import Storage
import Synchronization

/// An event of a room, parsed, with what the database knows of it.
package final class RoomEvent: Sendable {
    package let stored: StoredEvent
    package let event: Event
    /// The state event that it replaced, once `ReplacedEvents` has looked; 0 when it replaced none.
    let replaced = Atomic<Int64>(notLookedUp)

    static let notLookedUp: Int64 = -1

    package init(stored: StoredEvent, event: Event) {
        self.stored = stored
        self.event = event
    }

    package var nid: EventNID { stored.nid }
    package var eventID: EventID { stored.eventID }
}
