package import MatrixCore
package import Storage

/// Decides, when an event is written, whom it notifies. Owned here, implemented by `Push`.
package protocol NotificationPolicy: Sendable {
    /// - Parameters:
    ///   - members: the local users who are joined just before the event, and a local user whom it invites.
    ///   - state: the state of the room just before the event.
    func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision
}

/// Whom an event notifies: what the default rules say, and for whom something else holds.
package struct NotificationDecision: Sendable {
    package var notifiesByDefault: Bool
    package var exceptions: [NotificationException]

    package init(notifiesByDefault: Bool, exceptions: [NotificationException] = []) {
        self.notifiesByDefault = notifiesByDefault
        self.exceptions = exceptions
    }

    package static let silent = NotificationDecision(notifiesByDefault: false)
}
