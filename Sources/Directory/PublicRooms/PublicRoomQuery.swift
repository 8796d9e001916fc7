package import MatrixCore

/// Which public rooms are asked for.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms
package struct PublicRoomQuery: Sendable, Hashable {
    /// Whose list.
    package enum List: Sendable, Hashable {
        /// The rooms that the server's users have published.
        case own
        /// Those that an application service shows as rooms of a network.
        case network(String)
        case all
    }

    package var limit: Int?
    package var since: String?
    package var searchTerm: String?
    /// `nil` in the list stands for rooms without a type; no list is all rooms.
    package var types: [String?]?
    package var list: List

    package init(
        limit: Int? = nil, since: String? = nil, searchTerm: String? = nil, types: [String?]? = nil, list: List = .own
    ) {
        self.limit = limit
        self.since = since
        self.searchTerm = searchTerm
        self.types = types
        self.list = list
    }
}

/// A page of the public list.
package struct PublicRoomPage: Sendable {
    package let rooms: [RoomSummary]
    package let nextBatch: String?
    package let previousBatch: String?
    /// `nil` when it is not known, as of another server's list.
    package let total: Int?

    package init(rooms: [RoomSummary], nextBatch: String?, previousBatch: String?, total: Int?) {
        self.rooms = rooms
        self.nextBatch = nextBatch
        self.previousBatch = previousBatch
        self.total = total
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("chunk")
            json.array { json in
                for room in rooms { json.object { room.writeMembers(to: &$0, isPublished: true) } }
            }
            json.field(optional: "next_batch", nextBatch)
            json.field(optional: "prev_batch", previousBatch)
            json.field(optional: "total_room_count_estimate", total)
        }
    }
}
