/// What is known of a stored event besides its body (`events.flags`).
package struct EventFlags: OptionSet, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// It failed authorisation by its auth events or by the state before it: it exists only to reject what cites it.
    package static let rejected = EventFlags(rawValue: 1)
    /// It is in the graph and shown to nobody: authorised where it stands and not by the room's current state, or one of ours
    /// that does nothing but bring ends of the graph together.
    package static let softFailed = EventFlags(rawValue: 2)
    /// Its place in the graph, and so the state before it, is not known: it was fetched as state or as an auth event.
    package static let outlier = EventFlags(rawValue: 4)
    /// The default push rules notify the members of it. What differs for a user is in `notification_exceptions`.
    package static let notifies = EventFlags(rawValue: 8)
    /// It is in a thread: read by receipts of its own.
    package static let inThread = EventFlags(rawValue: 16)

    /// Another server's event that came to us to be handed on to the other servers of the room: a join, leave or knock
    /// through us.
    package static let relayed = EventFlags(rawValue: 32)

    /// It stays with the room's members for a while (MSC4354).
    package static let sticky = EventFlags(rawValue: 64)

    /// For some user the push rules say something else than the flag `notifies`: `notification_exceptions` has rows of it.
    package static let hasNotificationExceptions = EventFlags(rawValue: 128)

    /// Of what comes just before it in the graph something was not here when it came: timelines begin anew with it, so that clients
    /// ask for what is before.
    package static let followsGap = EventFlags(rawValue: 256)

    /// Ours, and handed on by the server through which it came into the room: our join of a room in which we were not.
    package static let handedOn = EventFlags(rawValue: 512)

    /// In the graph, and shown to those who may see it.
    package var isShown: Bool { isDisjoint(with: [.rejected, .softFailed, .outlier]) }
}
