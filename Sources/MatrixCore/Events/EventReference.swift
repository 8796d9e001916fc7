/// How an event names another one: by its id, and in room versions 1 and 2 by a pair of the id and an object with the reference
/// hash, which nobody has ever looked at.
package struct EventReference: Sendable {
    package let eventID: EventID
    /// The reference hash in base64, in versions that have it and where a hash is there.
    package let hash: String?

    package init(_ event: Event) {
        eventID = event.eventID
        hash = event.version.eventIDFormat == .chosen ? Base64.encode(event.referenceHash) : nil
    }

    /// `nil` when the entry of `prev_events` or `auth_events` has not the form of the version.
    package init?(_ entry: JSONView, in version: RoomVersion) {
        guard version.eventIDFormat == .chosen else {
            guard let eventID = entry.string.flatMap(EventID.init) else { return nil }
            self.eventID = eventID
            hash = nil
            return
        }
        guard let pair = entry.array, pair.count == 2 else { return nil }
        var parts = pair.makeIterator()
        guard let eventID = parts.next()?.string.flatMap(EventID.init), let hashes = parts.next(), hashes.isObject
        else {
            return nil
        }
        self.eventID = eventID
        hash = hashes["sha256"]?.string.flatMap(Base64.decode).flatMap { $0.count == 32 ? Base64.encode($0) : nil }
    }
}
