import MatrixCore
import Rooms
import Storage

/// The rooms in which somebody's search looks: those that they are in, and those that they have left and not forgotten.
struct SearchedRooms: Sendable {
    /// Rooms that one room has replaced, one after the other, which are looked at as well.
    private static let maxPredecessors = 10
    /// Rooms whose predecessors are looked for at each step.
    private static let maxReplaced = 50

    let rooms: RoomService

    /// - Parameter filter: which rooms the client names. The rooms that those have replaced count as named.
    func memberships(
        of user: UserNID, wanted filter: RoomEventFilter
    ) async throws -> [RoomNID: (room: RoomRecord, membership: MembershipRecord)] {
        let records = try await rooms.reader.memberships.memberships(of: user).filter { record in
            switch record.membership {
            case .join: true
            case .leave, .ban: !record.isForgotten
            case .invite, .knock: false
            }
        }
        let known = try await rooms.reader.store.rooms(records.map(\.roomNID))
        var found: [RoomNID: (room: RoomRecord, membership: MembershipRecord)] = [:]
        for record in records {
            guard let room = known[record.roomNID], !room.version.isEmpty else { continue }
            found[room.nid] = (room, record)
        }
        guard filter.rooms != nil || !filter.notRooms.isEmpty else { return found }
        var wanted = Set(found.values.lazy.map(\.room).filter { filter.includes(room: $0.roomID) }.map(\.nid))
        if filter.rooms != nil { wanted.formUnion(try await predecessors(of: wanted, among: found.mapValues(\.room))) }
        return found.filter { wanted.contains($0.key) && !filter.notRooms.contains($0.value.room.roomID.description) }
    }

    /// The rooms, of those given, that some rooms have replaced.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
    private func predecessors(
        of rooms: Set<RoomNID>, among known: [RoomNID: RoomRecord]
    ) async throws -> Set<RoomNID> {
        let byID = Dictionary(known.values.map { ($0.roomID, $0) }, uniquingKeysWith: { first, _ in first })
        var found: Set<RoomNID> = []
        var next = rooms
        for _ in 0..<Self.maxPredecessors where !next.isEmpty {
            var before: Set<RoomNID> = []
            for room in next.prefix(Self.maxReplaced).compactMap({ known[$0] }) {
                guard let create = try await self.rooms.reader.current(room)?.content(EventType.create),
                    let id = create["predecessor"]?["room_id"]?.string.flatMap({ RoomID($0) }),
                    let old = byID[id], !rooms.contains(old.nid), found.insert(old.nid).inserted
                else { continue }
                before.insert(old.nid)
            }
            next = before
        }
        return found
    }
}
