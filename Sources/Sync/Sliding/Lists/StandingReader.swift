import Cluster
import MatrixCore
import Rooms
import Storage

/// How a user's time in a room ended.
struct Departure: Sendable {
    /// The user's member events from the end of the stay on, newest first; none when the room's own events do not tell the
    /// membership.
    let changes: [RoomEvent]
    /// The event that ended the user's last stay; `nil` for who was never in the room.
    let end: RoomEvent?
}

/// What is told to somebody outside of a room, as far as lists ask for it.
struct OutsideFacts: Sendable, Hashable {
    /// Who invited the user.
    var sender: UserID?
    /// `nil` when nothing is known of the room's state.
    var room: RoomFacts?
}

/// Reads what lies behind memberships, which never changes: who brought them about and when, and what came before.
struct StandingReader: Sendable {
    private static let maxCached = 200_000
    /// Membership changes that are walked back to find the last stay of somebody.
    private static let maxChangesWalked = 32
    /// Rooms that are looked at side by side.
    private static let maxParallel = 64

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventNID
        let shard: Int16
        let position: Int64

        init(_ room: RoomNID, _ standing: RoomStanding) {
            self.room = room
            event = standing.eventNID
            shard = standing.shard
            position = standing.position
        }
    }

    private let origins = GenerationalCache<Key, StandingOrigin>(maxWeight: maxCached)
    private let outside = GenerationalCache<Key, OutsideFacts>(maxWeight: maxCached)
    private let stays = GenerationalCache<Key, Bool>(maxWeight: maxCached)
    private let left = GenerationalCache<Key, RoomFacts>(maxWeight: maxCached)
    private let stripped: StrippedRoomReader

    init(stripped: StrippedRoomReader) { self.stripped = stripped }

    /// Who brought memberships about, and when.
    ///
    /// Cost: one query for all that were not asked about before.
    func origins(
        of standings: [(room: RoomNID, standing: RoomStanding)], reader: RoomReader
    ) async throws -> [RoomNID: StandingOrigin] {
        var found: [RoomNID: StandingOrigin] = [:]
        let unknown = standings.filter { room, standing in
            found[room] = origins[Key(room, standing)]
            return found[room] == nil
        }
        let read = try await reader.eventStore.origins(
            of: unknown.map { ($0.room, $0.standing.eventNID, $0.standing.shard, $0.standing.position) })
        for (room, standing) in unknown {
            guard let origin = read[room] else { continue }
            origins.keep(origin, for: Key(room, standing))
            found[room] = origin
        }
        return found
    }

    /// What invites and knocks say of their rooms.
    ///
    /// Cost: a few queries for all that were not asked about before.
    func outsideFacts(
        of rooms: [(room: RoomRecord, standing: RoomStanding)], user: UserRecord
    ) async throws -> [RoomNID: OutsideFacts] {
        var found: [RoomNID: OutsideFacts] = [:]
        var unknown = rooms.filter { room, standing in
            found[room.nid] = outside[Key(room.nid, standing)]
            return found[room.nid] == nil
        }
        guard !unknown.isEmpty else { return found }
        let (reader, invited) = (stripped.gathering(), unknown.map(\.room.nid))
        let told = try await reader.told(of: invited, to: user.nid)
        while !unknown.isEmpty {
            let some = Array(unknown.prefix(Self.maxParallel))
            unknown.removeFirst(some.count)
            let read = try await SideBySide.map(some) { room, standing in
                await readOutside(room, standing, told[room.nid], user, reader)
            }
            for ((room, standing), facts) in zip(some, read) {
                outside.keep(facts, for: Key(room.nid, standing))
                found[room.nid] = facts
            }
        }
        return found
    }

    private func readOutside(
        _ room: RoomRecord, _ standing: RoomStanding, _ state: [UInt8]?, _ user: UserRecord,
        _ reader: StrippedRoomReader
    ) async -> OutsideFacts {
        var facts = OutsideFacts()
        guard let told = try? await reader.readAnyway(room, standing: standing, told: state, user: user) else {
            return facts
        }
        var events: [String: JSONDocument] = [:]
        for event in told.events {
            guard let json = try? JSONDocument(parsing: event), let type = json["type"]?.string else { continue }
            if type != EventType.member || json["state_key"]?.stringEquals(user.userID.description) == true {
                events[type] = json
            }
        }
        facts.sender = events[EventType.member]?["sender"]?.string.flatMap { UserID($0) }
        guard let create = events[EventType.create] else { return facts }
        facts.room = RoomFacts(
            type: create["content"]?["type"]?.string, isEncrypted: events[EventType.encryption] != nil)
        return facts
    }

    /// How the user's time in a room ended.
    func departure(
        of user: UserRecord, from room: RoomRecord, _ standing: RoomStanding, reader: RoomReader
    ) async throws -> Departure {
        guard standing.eventNID.rawValue != 0, let newest = try await reader.events.event(standing.eventNID, in: room)
        else { return Departure(changes: [], end: nil) }
        var changes = [newest]
        var change = newest
        for _ in 0..<Self.maxChangesWalked {
            guard let before = change.stored.stateBefore,
                let previous = try await reader.snapshot(of: room, at: before).event(
                    EventType.member, user.userID.description)
            else { break }
            if previous.event.membership == .join {
                return Departure(changes: changes, end: change.stored.position > 0 ? change : nil)
            }
            change = previous
            changes.append(previous)
        }
        return Departure(changes: changes, end: nil)
    }

    /// What filters ask of rooms as they were when the user left them; rooms in which the user never was are left out.
    ///
    /// Cost: a few queries for all that were not asked about before.
    func factsAtDeparture(
        from rooms: [(room: RoomRecord, standing: RoomStanding)], of user: UserRecord, reader: RoomReader
    ) async throws -> [RoomNID: RoomFacts] {
        var found: [RoomNID: RoomFacts] = [:]
        let unknown = rooms.filter { room, standing in
            found[room.nid] = left[Key(room.nid, standing)]
            return found[room.nid] == nil
        }
        let read = try await SideBySide.map(unknown) { room, standing in
            try? await factsAtDeparture(from: room, standing, of: user, reader)
        }
        try Task.checkCancellation()
        for ((room, standing), facts) in zip(unknown, read) {
            guard let facts else { continue }
            left.keep(facts, for: Key(room.nid, standing))
            found[room.nid] = facts
        }
        return found
    }

    private func factsAtDeparture(
        from room: RoomRecord, _ standing: RoomStanding, of user: UserRecord, _ reader: RoomReader
    ) async throws -> RoomFacts? {
        let departure = try await departure(of: user, from: room, standing, reader: reader)
        guard let end = departure.end, let state = try await reader.state(after: end, in: room) else { return nil }
        let encryption = StateKey(EventType.encryption)
        let events = try await state.events([.create, encryption])
        return RoomFacts(
            type: events[.create]?.event.content["type"]?.string, isEncrypted: events[encryption] != nil)
    }

    /// In which of the rooms the user ever was.
    func haveStayed(
        _ user: UserRecord, in rooms: [(room: RoomRecord, standing: RoomStanding)], reader: RoomReader
    ) async throws -> Set<RoomNID> {
        var stayed: Set<RoomNID> = []
        var unknown: [(room: RoomRecord, standing: RoomStanding)] = []
        for (room, standing) in rooms {
            switch stays[Key(room.nid, standing)] {
            case true?: stayed.insert(room.nid)
            case false?: break
            case nil: unknown.append((room, standing))
            }
        }
        guard !unknown.isEmpty else { return stayed }
        let read = try await SideBySide.map(unknown) { room, standing in
            try? await departure(of: user, from: room, standing, reader: reader).end != nil
        }
        try Task.checkCancellation()
        for ((room, standing), hasStayed) in zip(unknown, read) {
            guard let hasStayed else { continue }
            stays.keep(hasStayed, for: Key(room.nid, standing))
            if hasStayed { stayed.insert(room.nid) }
        }
        return stayed
    }
}
