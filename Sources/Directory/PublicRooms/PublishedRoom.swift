import MatrixCore

/// A room as it stands on the public list.
struct PublishedRoom: Sendable {
    let nid: RoomNID
    let summary: RoomSummary
    let isOwn: Bool
    /// The networks on whose lists it is.
    let networks: Set<String>
    /// What a search looks through.
    private let texts: [[UInt8]]

    init(nid: RoomNID, summary: RoomSummary, isOwn: Bool, networks: Set<String>) {
        self.nid = nid
        self.summary = summary
        self.isOwn = isOwn
        self.networks = networks
        texts = [summary.name, summary.topic, summary.canonicalAlias].compactMap { $0.map(TextSearch.folded) }
    }

    /// Where it stands: rooms with more members come first.
    var place: PublicRoomPlace { PublicRoomPlace(members: summary.members, room: nid) }

    func matches(_ query: PublicRoomQuery, _ search: TextSearch?) -> Bool {
        switch query.list {
        case .own: guard isOwn else { return false }
        case .network(let network): guard networks.contains(network) else { return false }
        case .all: break
        }
        if let types = query.types, !types.contains(summary.type) { return false }
        guard let search else { return true }
        return texts.contains(where: search.matches)
    }
}

/// A place in the list, which pages begin or end at. It stands for the same place whatever comes and goes around it.
struct PublicRoomPlace: Comparable {
    let members: Int
    let room: RoomNID

    init(members: Int, room: RoomNID) {
        self.members = members
        self.room = room
    }

    static func < (left: PublicRoomPlace, right: PublicRoomPlace) -> Bool {
        left.members != right.members ? left.members > right.members : left.room < right.room
    }
}

/// Where a page begins, or, for one that goes back, before what it ends.
enum PublicRoomToken {
    case after(PublicRoomPlace)
    case before(PublicRoomPlace)

    /// `f` or `b`, the members, `_`, the room's number.
    init?(_ text: String) {
        let parts = text.dropFirst().split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let members = Int(parts[0]), let room = Int64(parts[1]), members >= 0, room >= 0 else {
            return nil
        }
        let place = PublicRoomPlace(members: members, room: RoomNID(room))
        switch text.first {
        case "f": self = .after(place)
        case "b": self = .before(place)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .after(let place): "f\(place.members)_\(place.room.rawValue)"
        case .before(let place): "b\(place.members)_\(place.room.rawValue)"
        }
    }
}
