import MatrixCore
import Rooms
import Storage

/// Chooses whom to ask about a room's past.
struct HistoryServers: Sendable {
    private static let newestEvents: Int = 50

    let rooms: RoomService

    /// Other servers in the room, most promising first: those that spoke last, that of the room's address, that of its
    /// creator, and then any.
    func candidates(in room: RoomRecord) async throws -> [ServerName] {
        var joined = Set(try await rooms.reader.memberships.joinedServers(of: room.nid))
        joined.remove(rooms.server.name)
        guard !joined.isEmpty else { return [] }
        let newest = try await rooms.reader.eventStore.timeline(
            of: room.nid, newestAfter: 0, upTo: .max, limit: Self.newestEvents)
        var promising = try rooms.reader.events.parse(newest, in: room).map(\.event.sender.serverName)
        if let now = try await rooms.reader.current(room) {
            let state = try await now.events([StateKey(EventType.canonicalAlias), .create])
            let alias = state[StateKey(EventType.canonicalAlias)]?.event.content["alias"]?.string
            if let alias = alias.flatMap({ RoomAlias($0) }) { promising.append(alias.serverName) }
            if let creator = state[.create]?.event.sender { promising.append(creator.serverName) }
        }
        var seen: Set<ServerName> = []
        return (promising.filter(joined.contains) + joined.sorted { $0.description < $1.description })
            .filter { seen.insert($0).inserted }
    }
}
