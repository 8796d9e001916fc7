import Cluster
package import MatrixCore
package import Rooms
package import Storage
import Synchronization
import Telemetry

/// A room of ours with what outsiders may be told of it, as it was at one position of the log.
package final class SummarizedRoom: Sendable {
    package let snapshot: RoomSnapshot
    package let summary: RoomSummary
    /// The rooms in it, in order, when it is a space.
    package let children: [SpaceChild]
    /// Whether one of our users is in it. Of others we do not know what has happened since the last one left.
    package let isResident: Bool
    fileprivate let position: Int64

    fileprivate init(
        snapshot: RoomSnapshot, summary: RoomSummary, children: [SpaceChild], isResident: Bool, position: Int64
    ) {
        self.snapshot = snapshot
        self.summary = summary
        self.children = children
        self.isResident = isResident
        self.position = position
    }

    package var room: RoomRecord { snapshot.room }
}

/// Summaries of the rooms that are known here.
///
/// One is kept as long as the room's state is what it was made of, which tells the root of its tree: members come in by
/// their events too. A redaction changes what is shown and not the state, so the log is followed for these.
package final class RoomSummaries: Sendable {
    /// In units of about a kilobyte.
    private static let maxCached = 50_000
    /// Redacted rooms that are remembered; when there are more everything is forgotten.
    private static let maxRedacted = 50_000
    /// Rooms that are read at once.
    private static let maxAtOnce = 200
    /// Rooms in a space; others are left out.
    private static let maxChildren = 2_000

    private struct Redactions {
        /// Where the newest redaction in a room stands.
        var positions: [RoomNID: Int64] = [:]
        /// How often everything was forgotten.
        var epoch = 0
    }

    private let rooms: RoomService
    private let cache = GenerationalCache<RoomNID, SummarizedRoom>(maxWeight: maxCached) { room in
        1 + room.children.reduce(0) { $0 + $1.json.count } / 1024
    }
    private let redactions = Mutex(Redactions())

    package init(rooms: RoomService) {
        self.rooms = rooms
        _ = rooms.writing.feed.observe { [weak self] row in self?.follow(row) }
    }

    private func follow(_ row: LogRow) {
        guard !row.redacted.isEmpty, let room = row.roomNID else { return }
        redactions.withLock { redactions in
            if redactions.positions.count >= Self.maxRedacted {
                redactions = Redactions(epoch: redactions.epoch + 1)
                cache.removeAll()
            }
            redactions.positions[room] = row.position
        }
    }

    // MARK: Asking

    /// The rooms by their ids, those that are known here.
    package func rooms(_ ids: [RoomID]) async throws -> [RoomID: SummarizedRoom] {
        let records = try await rooms.reader.store.rooms(ids)
        let found = try await summaries(of: Array(records.values))
        return records.compactMapValues { found[$0.nid] }
    }

    /// What there is to say of rooms, as they are now.
    ///
    /// Cost: a query for the heads of all of them; a handful more for those that have changed, however many these are.
    package func summaries(of records: [RoomRecord]) async throws -> [RoomNID: SummarizedRoom] {
        var found: [RoomNID: SummarizedRoom] = [:]
        for start in stride(from: 0, to: records.count, by: Self.maxAtOnce) {
            let some = records[start..<min(start + Self.maxAtOnce, records.count)].filter { !$0.version.isEmpty }
            let heads = try await heads(of: some)
            let known = redactions.withLock { redactions in
                some.compactMap { record -> SummarizedRoom? in
                    guard let kept = cache[record.nid], kept.snapshot.root == heads[record.nid]?.state,
                        kept.position >= redactions.positions[record.nid] ?? 0
                    else { return nil }
                    return kept
                }
            }
            for room in known { found[room.room.nid] = room }
            let changed = some.filter { found[$0.nid] == nil && heads[$0.nid] != nil }
            for room in try await read(changed, heads) { found[room.room.nid] = room }
        }
        return found
    }

    /// The heads; when this returns, this worker has heard of all that happened up to there.
    private func heads(of records: [RoomRecord]) async throws -> [RoomNID: RoomHead] {
        let feed = rooms.writing.feed
        let heads = try await rooms.reader.store.heads(of: records.map(\.nid))
        let behind = records.filter { record in
            heads[record.nid].map { !feed.hasSeen($0.position, of: record.shard) } ?? false
        }
        if !behind.isEmpty { try await feed.reachPresent(of: Set(behind.map(\.shard))) }
        return heads
    }

    // MARK: Reading

    private func read(_ records: [RoomRecord], _ heads: [RoomNID: RoomHead]) async throws -> [SummarizedRoom] {
        guard !records.isEmpty else { return [] }
        let epoch = redactions.withLock(\.epoch)
        let nids = records.map(\.nid)
        let memberships = rooms.reader.memberships
        let counts = try await memberships.counts(of: nids)
        let resident = try await memberships.standing(of: rooms.server.name, in: nids)
        // Types that nobody has ever set have no number, and would be asked for again for each room.
        let keys = try await rooms.reader.interning.knownStateKeys(RoomSummary.stateTypes.map { StateKey($0) }).keys
        let reader = rooms.reader.gathering()
        let made = try await withThrowingTaskGroup(of: SummarizedRoom?.self, returning: [SummarizedRoom].self) {
            group in
            for record in records {
                guard let head = heads[record.nid] else { continue }
                group.addTask { [self] in
                    try await summarizeIfSound(
                        reader.snapshot(of: record, at: head.state), keys: Array(keys), at: head.position,
                        members: counts[record.nid]?.joined ?? 0, isResident: resident[record.nid] == .join)
                }
            }
            return try await group.reduce(into: []) { made, room in if let room { made.append(room) } }
        }
        redactions.withLock { redactions in
            guard redactions.epoch == epoch else { return }
            for room in made { cache.keep(room, for: room.room.nid) }
        }
        return made
    }

    /// - Returns: `nil` for a room that is damaged: it must not take its neighbours with it.
    private func summarizeIfSound(
        _ snapshot: RoomSnapshot, keys: [StateKey], at position: Int64, members: Int, isResident: Bool
    ) async throws -> SummarizedRoom? {
        do {
            return try await summarize(
                snapshot, keys: keys, at: position, members: members, isResident: isResident)
        } catch let error where error is StorageError || error is StateTreeError || error is PDUError {
            rooms.writing.telemetry.log.warning(
                "a room could not be summarized", [.roomID: "\(snapshot.room.roomID)", .cause: "\(error)"])
            return nil
        }
    }

    private func summarize(
        _ snapshot: RoomSnapshot, keys: [StateKey], at position: Int64, members: Int, isResident: Bool
    ) async throws -> SummarizedRoom {
        var state: [String: JSONView] = [:]
        for (key, event) in try await snapshot.events(keys) { state[key.type] = try rooms.content(of: event) }
        let summary = RoomSummary(
            roomID: snapshot.room.roomID, version: snapshot.room.version, members: members, state: state)
        let children = summary.isSpace ? try await self.children(of: snapshot) : []
        return SummarizedRoom(
            snapshot: snapshot, summary: summary, children: children, isResident: isResident, position: position)
    }

    private func children(of space: RoomSnapshot) async throws -> [SpaceChild] {
        let events = try await space.events(ofType: EventType.spaceChild)
        let children = try events.compactMap { event in
            SpaceChild(
                stateKey: event.event.stateKey, sender: event.event.sender.description,
                time: event.event.originServerTS, content: try rooms.content(of: event))
        }
        return Array(children.sorted(by: SpaceChild.comesBefore).prefix(Self.maxChildren))
    }
}
