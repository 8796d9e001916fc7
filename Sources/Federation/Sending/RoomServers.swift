import Cluster
import MatrixCore
import Storage

/// The other servers that are in a room, as of a position of the room's shard. Shared by all who send to them.
final class RoomServerList: Sendable {
    static let nobody = RoomServerList([])

    let servers: [ServerNID: JoinedServer]
    /// The same by slot of the sending duty.
    private let slots: [[JoinedServer]]
    /// Since this position all of them were there for certain.
    let newest: Int64

    init(_ servers: some Sequence<JoinedServer>) {
        var slots = [[JoinedServer]](repeating: [], count: DestinationSlots.count)
        var byNID: [ServerNID: JoinedServer] = [:]
        for server in servers {
            byNID[server.nid] = server
            slots[DestinationSlots.slot(of: server.name)].append(server)
        }
        self.servers = byNID
        self.slots = slots
        newest = byNID.values.map(\.since).max() ?? 0
    }

    var isEmpty: Bool { servers.isEmpty }

    func servers(in slot: Int) -> [JoinedServer] { slots.indices.contains(slot) ? slots[slot] : [] }
}

/// Which servers are in rooms, kept in memory together with the position of the log up to which that is true.
///
/// When members came and went since, as the log's window tells, only their servers are read again.
final class RoomServers: Sendable {
    /// Servers of all rooms together.
    private static let maxCached = 400_000
    /// When more members have changed, the whole room is read again.
    private static let maxChanges = 200

    private struct Entry {
        let list: RoomServerList
        let asOf: Int64
    }

    private let store: DestinationStore
    private let interning: Interning
    private let own: ServerNID
    private let feed: LogFeed
    private let cache = GenerationalCache<RoomNID, Entry>(maxWeight: maxCached) { $0.list.servers.count + 1 }

    init(store: DestinationStore, interning: Interning, own: ServerNID, feed: LogFeed) {
        self.store = store
        self.interning = interning
        self.own = own
        self.feed = feed
    }

    /// The other servers with members in a room: now, which is not before anything that this worker's feed has told.
    ///
    /// Cost: from memory, unless members came or went.
    func servers(of room: RoomNID, shard: Int16) async throws -> RoomServerList {
        // Asked before the database, so that what is read is not older.
        let head = feed.heads[shard]
        if let entry = cache[room] {
            guard head > entry.asOf else { return entry.list }
            if let changed = members(changedIn: room, shard: shard, since: entry.asOf), changed.count <= Self.maxChanges
            {
                let list = changed.isEmpty ? entry.list : try await refreshed(entry.list, changed, in: room)
                cache.keep(Entry(list: list, asOf: head), for: room)
                return list
            }
        }
        let list = RoomServerList(try await store.joinedServers(of: room, except: own))
        cache.keep(Entry(list: list, asOf: head), for: room)
        return list
    }

    /// Whose membership changed after a position; `nil` when the window does not tell any more.
    private func members(changedIn room: RoomNID, shard: Int16, since: Int64) -> Set<UserNID>? {
        var vector = LogVector(Array(repeating: .max, count: Int(feed.installation.shardCount)))
        vector[shard] = since
        return feed.withWindow { window in
            guard window.reaches(vector) else { return nil }
            return window.rows(of: room, since: vector).reduce(into: []) { $0.formUnion($1.memberNIDs) }
        }
    }

    private func refreshed(
        _ list: RoomServerList, _ changed: Set<UserNID>, in room: RoomNID
    ) async throws -> RoomServerList {
        let servers = Set(try await interning.users(changed).values.map(\.serverNID)).subtracting([own])
        // Whoever still has the member by which it was known is there as it was.
        let doubtful = servers.filter { nid in list.servers[nid].map { changed.contains($0.witness) } ?? true }
        guard !doubtful.isEmpty else { return list }
        var known = list.servers
        for nid in doubtful { known[nid] = nil }
        for server in try await store.joinedServers(of: room, among: Array(doubtful)) { known[server.nid] = server }
        return RoomServerList(known.values)
    }
}
