import Cluster
import MatrixCore
import Storage

/// What a connection has been told of a room.
struct ToldRoom: Hashable, Sendable {
    /// In which form the client knows the room.
    enum Kind: UInt8, Sendable {
        /// As a member.
        case inside = 0
        /// By an invite or a knock.
        case outside = 1
        /// As a room that the user has left, or was taken out of.
        case gone = 2
    }

    /// Up to where something was told.
    enum Extent: Hashable, Sendable {
        case never
        /// Up to the position of the client.
        case live
        /// Up to a position of its shard; what came after was passed over, as nobody asked for the room then.
        case upTo(Int64)
    }

    /// Beyond so many members of a room they are told again when somebody needs them.
    static let maxMembers = 1_000
    /// All of the room's history that there was.
    static let wholeTimeline = 0xFFFF

    var kind: Kind
    var isDirect = false
    /// The required state that was told, by its place in the connection's table.
    var config: Int
    /// How many of the newest events the client has.
    var timeline: Int
    /// Of a room that the user is in: up to where its events were told; never `never`.
    var events = Extent.live
    /// Of other rooms: the membership that was told, see `ToldRoom.mark(of:)`.
    var standing: Int64 = 0
    var accountData = Extent.never
    var receipts = Extent.never
    /// Member events that were told because somebody needed them, in order.
    var members: [EventNID] = []

    func knows(_ member: EventNID) -> Bool {
        let place = members.partitioningIndex { $0 >= member }
        return place < members.count && members[place] == member
    }

    mutating func learn(_ told: some Collection<EventNID>) {
        if members.isEmpty, told.count <= Self.maxMembers, zip(told, told.dropFirst()).allSatisfy({ $0 < $1 }) {
            members = Array(told)
            return
        }
        let new = Set(told.filter { !knows($0) })
        guard !new.isEmpty else { return }
        // Who is in the newest answer is more likely to be needed again than who was in all before.
        let isTooMuch = members.count + new.count > Self.maxMembers
        members = isTooMuch ? Array(new.sorted().suffix(Self.maxMembers)) : (members + new).sorted()
    }

    /// Names one membership among all that a user ever has in a room.
    static func mark(of standing: RoomStanding) -> Int64 {
        // Memberships that the room's own log does not tell have no event, and positions of the user's shard.
        standing.position << 1 | (standing.eventNID.rawValue == 0 ? 1 : 0)
    }
}
