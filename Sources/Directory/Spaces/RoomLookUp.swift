import MatrixCore
import Rooms
import Storage

/// Looks rooms up for a viewer: from here those that we are in, from other servers the others.
struct RoomLookUp: Sendable {
    /// Servers that are asked for one room.
    static let maxServers = 3
    /// Rooms that are asked for at once.
    static let maxAtOnce = 8

    let directory: RoomDirectory
    let viewer: RoomViewer
    let suggestedOnly: Bool

    private var store: RoomStore { directory.rooms.reader.store }

    /// Those of the rooms that we are in; `nil` for one that the viewer must not know of.
    func local(_ ids: [RoomID]) async throws -> [RoomID: ListedRoom?] {
        let found = try await directory.summaries.rooms(ids).filter(\.value.isResident)
        let allowed = try await numbers(of: found.values.flatMap(\.summary.allowedRooms))
        let standing = try await viewer.standing(in: found.values.map(\.room.nid) + allowed.values)
        return found.mapValues { room in
            let isSeen = standing.maySee(
                room.summary, room.room.nid, allowed: room.summary.allowedRooms.compactMap { allowed[$0] })
            return isSeen ? ListedRoom(room, suggestedOnly: suggestedOnly) : nil
        }
    }

    /// Rooms that we are not in, asked for side by side; those of which nobody tells are left out, and those of which the
    /// viewer must not know.
    func remote(_ wanted: [(room: RoomID, servers: [ServerName])]) async throws -> [RoomID: ListedRoom] {
        guard let remote = directory.remote else { return [:] }
        let told = try await withThrowingTaskGroup(of: (RoomID, RemoteHierarchy?).self) { group in
            for (room, servers) in wanted.prefix(Self.maxAtOnce) {
                let servers = servers.filter { $0 != directory.rooms.server.name }.prefix(Self.maxServers)
                group.addTask { (room, try await remote.hierarchy(of: room, via: Array(servers))) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let seen = try await visible(told.values.map(\.room))
        return told.filter { seen.contains($0.key) && $0.value.room.roomID == $0.key }
            .mapValues { ListedRoom($0, suggestedOnly: suggestedOnly) }
    }

    /// The rooms of which the viewer may know by what another server told of them.
    func visible(_ told: [RoomSummary]) async throws -> Set<RoomID> {
        let numbers = try await numbers(of: told.flatMap { [$0.roomID] + $0.allowedRooms })
        let standing = try await viewer.standing(in: numbers.values)
        return Set(
            told.filter { summary in
                standing.maySee(
                    summary, numbers[summary.roomID], allowed: summary.allowedRooms.compactMap { numbers[$0] })
            }.map(\.roomID))
    }

    private func numbers(of ids: [RoomID]) async throws -> [RoomID: RoomNID] {
        try await store.rooms(Array(Set(ids))).mapValues(\.nid)
    }
}
