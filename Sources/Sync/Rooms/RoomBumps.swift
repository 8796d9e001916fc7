import MatrixCore
import Storage

/// When the newest events of rooms came that count as activity, remembered for as long as nothing else comes.
struct RoomBumps: Sendable {
    /// Types of events that move a room up in lists.
    ///
    /// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
    static let types: Set<String> = [
        EventType.create, EventType.message, EventType.encrypted, EventType.sticker, "m.call.invite", "m.poll.start",
        "m.beacon_info", "org.matrix.msc3381.poll.start", "org.matrix.msc3672.beacon_info",
    ]
    /// Rooms that are remembered, some 100 bytes each.
    private static let maxCached = 200_000

    private struct Entry: Sendable {
        /// Of the room's newest event.
        let position: Int64
        let time: Int64?
    }

    private let log: LogStore
    private let cache = GenerationalCache<RoomNID, Entry>(maxWeight: maxCached)

    init(log: LogStore) { self.log = log }

    /// - Parameter rooms: with the place up to which they are told, and their newest event when it is not after that.
    /// - Returns: milliseconds since 1970; nothing for rooms without such an event near the end.
    /// - Cost: nothing for rooms that were asked about since their newest event; one query for all others.
    func times(
        of rooms: [(room: RoomRecord, head: Int64, newest: RoomActivity?)]
    ) async throws -> [RoomNID: Int64] {
        var times: [RoomNID: Int64] = [:]
        var unknown: [(room: RoomRecord, head: Int64, newest: RoomActivity?)] = []
        for (one, entry) in zip(rooms, cache.values(for: rooms.map(\.room.nid))) {
            if let entry, entry.position == one.newest?.position {
                times[one.room.nid] = entry.time
            } else {
                unknown.append(one)
            }
        }
        guard !unknown.isEmpty else { return times }
        let read = try await log.newestTimes(of: Array(Self.types), in: unknown.map { ($0.room, $0.head) })
        for (room, _, newest) in unknown {
            if let newest { cache.keep(Entry(position: newest.position, time: read[room.nid]), for: room.nid) }
            times[room.nid] = read[room.nid]
        }
        return times
    }
}
