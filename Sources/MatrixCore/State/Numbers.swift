/// A 64-bit number that the database gave to a name: rooms, users, state keys, events, packs and servers are interned,
/// so that state, membership and the auth graph are arithmetic on small values and not on strings.
///
/// Numbers of different kinds are different types, because mixing them up would compile otherwise.
package protocol InternedNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    var rawValue: Int64 { get }
    init(_ rawValue: Int64)
}

extension InternedNumber {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { String(rawValue) }
}

/// The number of a room.
package struct RoomNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a user, local or remote.
package struct UserNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a pair of event type and state key.
package struct StateKeyNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of an event.
///
/// Invariant: it is higher than the numbers of the event's auth events, so number order is a topological order of
/// the auth graph.
package struct EventNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a pack: the state tree nodes that one update made, stored as one row.
package struct PackNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a server name.
package struct ServerNID: InternedNumber {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
}
