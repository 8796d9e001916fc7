import MatrixCore
import Storage

/// What the lists of a request hold at a place of the log up to which the client was told all that it asks for.
///
/// From there on only rooms of which something was written have to be looked at, so that an event in one of a thousand rooms
/// costs what it costs in one of ten.
struct ListMemory: Sendable {
    /// A room in a list.
    struct Entry: Sendable, Comparable {
        /// Milliseconds since 1970.
        let recency: Int64
        let room: RoomNID

        /// The newest comes first.
        static func < (left: Entry, right: Entry) -> Bool {
            (left.recency, left.room) > (right.recency, right.room)
        }
    }

    /// All rooms that a list's filter leaves: in order, unless the client sees all of them anyway.
    var lists: [String: [Entry]] = [:]
    /// The rooms that the request names and that the user may see.
    var subscriptions: [RoomNID: SlidingRoomConfig] = [:]
    /// What filters were asked with.
    let account: AccountFacts
    let ignored: Set<UserID>

    init(_ context: SlidingContext) {
        account = context.account
        ignored = context.ignored
    }

    /// What it costs to remember it, in rooms of a list.
    var weight: Int { lists.values.reduce(subscriptions.count) { $0 + $1.count } }
}

extension [ListMemory.Entry] {
    /// Cost: a look at each room before it.
    func place(of room: RoomNID) -> Int? { firstIndex { $0.room == room } }

    /// Puts a room where it belongs now.
    mutating func move(_ room: RoomNID, from place: Int, to recency: Int64) {
        remove(at: place)
        let entry = ListMemory.Entry(recency: recency, room: room)
        insert(entry, at: partitioningIndex { $0 >= entry })
    }
}
