package import MatrixCore
import Storage

/// Which member events a device has been sent, for clients that load members lazily: they need each only once.
///
/// Kept per answer: what an answer told counts only once the client comes back with that answer's token, because an answer
/// may get lost on the way. Lost with the worker; then members are sent again, which does no harm.
package struct KnownMembers: Sendable, Hashable {
    private(set) var events: [RoomNID: Set<EventNID>] = [:]
    private(set) var count = 0

    package init() {}

    package func contains(_ event: EventNID, in room: RoomNID) -> Bool { events[room]?.contains(event) ?? false }

    package mutating func formUnion(_ others: some Sequence<EventNID>, in room: RoomNID) {
        for event in others where events[room, default: []].insert(event).inserted { count += 1 }
    }
}

/// The known members of the devices that sync with this worker.
package final class KnownMembersCache: Sendable {
    /// Member events of all devices together; the longest unused devices are forgotten.
    private static let maxEvents = 1_000_000
    /// Beyond so many a device is told everything again.
    private static let maxEventsPerDevice = 50_000
    /// What an entry costs besides its events.
    private static let overhead = 8

    private struct Key: Hashable {
        let user: UserNID
        let deviceID: String
    }

    /// The newest answer, and the one before: a client that never got the newest comes back with that one's token.
    private struct Entry: Sendable {
        var newest: (token: String, known: KnownMembers)
        var before: (token: String, known: KnownMembers)?
    }

    private let cache = GenerationalCache<Key, Entry>(maxWeight: maxEvents) {
        $0.newest.known.count + ($0.before?.known.count ?? 0) + overhead
    }

    package init() {}

    /// What a device knew when it was given a token.
    package func known(to deviceID: String?, of user: UserNID, at token: String) -> KnownMembers {
        guard let deviceID, let entry = cache[Key(user: user, deviceID: deviceID)] else { return KnownMembers() }
        if entry.newest.token == token { return entry.newest.known }
        if let before = entry.before, before.token == token { return before.known }
        return KnownMembers()
    }

    /// Notes what a device will know when it comes back with `next`.
    package func note(
        _ known: KnownMembers, to deviceID: String?, of user: UserNID, at next: String,
        since: (token: String, known: KnownMembers)?
    ) {
        guard let deviceID, next != since?.token, known.count <= Self.maxEventsPerDevice else { return }
        cache.keep(Entry(newest: (next, known), before: since), for: Key(user: user, deviceID: deviceID))
    }
}
