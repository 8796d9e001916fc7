import MatrixCore
import Storage

/// A stored state of a connection. It never changes.
final class StoredConnectionState: Sendable {
    /// 0 for the state of a connection that has none.
    let number: Int64
    /// Milliseconds since 1970.
    let writtenAt: Int64
    let configs: [RequiredStates]
    let rooms: [RoomNID: ToldRoom]
    /// What it costs to remember it, in rooms.
    let weight: Int

    init(number: Int64, writtenAt: Int64, configs: [RequiredStates], rooms: [RoomNID: ToldRoom]) {
        self.number = number
        self.writtenAt = writtenAt
        self.configs = configs
        self.rooms = rooms
        weight = rooms.values.reduce(8) { $0 + 1 + $1.members.count / 8 }
    }

    static let none = StoredConnectionState(number: 0, writtenAt: 0, configs: [], rooms: [:])
}

/// Up to where a connection has been told whose devices changed.
enum ToldLists: Hashable, Sendable {
    case never
    /// Up to the position of the client.
    case live
    /// Up to there; what came after was passed over, as the client did not ask for it then.
    case upTo(LogVector)
}

/// What a connection has been told: a stored state, and what came after it.
struct ConnectionState: Sendable {
    /// Different wishes for state that a connection has at a time; with more the oldest rooms count as told nothing.
    static let maxConfigs = 200

    let base: StoredConnectionState
    /// The base's, and after them those that came since.
    private(set) var configs: [RequiredStates]
    /// Rooms that are different from the base.
    private(set) var changed: [RoomNID: ToldRoom] = [:]
    var accountData = ToldRoom.Extent.never
    var threads = ToldRoom.Extent.never
    var deviceLists = ToldLists.never

    init(base: StoredConnectionState) {
        self.base = base
        configs = base.configs
    }

    subscript(room: RoomNID) -> ToldRoom? {
        get { changed[room] ?? base.rooms[room] }
        set {
            guard let newValue, newValue != self[room] else { return }
            changed[room] = newValue
        }
    }

    /// All rooms that were told.
    var rooms: [RoomNID: ToldRoom] {
        changed.isEmpty ? base.rooms : base.rooms.merging(changed) { $1 }
    }

    func config(_ place: Int) -> RequiredStates { configs.indices.contains(place) ? configs[place] : .nothing }

    /// The place of a wish in the table.
    mutating func place(of config: RequiredStates) -> Int {
        if let known = configs.firstIndex(of: config) { return known }
        // A place that nothing is at: what it stands for is told anew the next time.
        guard configs.count < Self.maxConfigs else { return Self.maxConfigs }
        configs.append(config)
        return configs.count - 1
    }

    mutating func note(newConfigs: [RequiredStates], rooms: [RoomNID: ToldRoom]) {
        configs += newConfigs
        changed = rooms
    }

    /// The same as a whole, to be stored: without wishes that no room has any more.
    func flattened() -> (configs: [RequiredStates], rooms: [RoomNID: ToldRoom]) {
        var rooms = self.rooms
        let used = Set(rooms.values.map(\.config)).filter { configs.indices.contains($0) }.sorted()
        let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
        let members = rooms.values.reduce(0) { $0 + $1.members.count }
        for (nid, told) in rooms {
            var room = told
            room.config = places[told.config] ?? Self.maxConfigs
            if members > Self.maxMembers { room.members = [] }
            rooms[nid] = room
        }
        return (used.map { configs[$0] }, rooms)
    }

    /// Member events of all rooms that are remembered; with more they are told again when somebody needs them.
    private static let maxMembers = 30_000
}
