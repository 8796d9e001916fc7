import MatrixCore
import Rooms
import Storage

/// Which rooms another server may ask about. The one place that decides: every endpoint about a room asks here first.
struct RoomDoor: Sendable {
    let rooms: RoomService

    private var reader: RoomReader { rooms.reader }

    /// A room of ours, for a server whose user wants in or out.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when we are not in it, 403 `M_FORBIDDEN` when its access list keeps the server out.
    func resident(_ roomID: RoomID, for server: ServerName) async throws -> OpenRoom {
        guard let room = try await reader.room(roomID), let version = RoomVersion(room.version),
            let now = try await reader.current(room),
            try await reader.memberships.isJoined(rooms.server.name, in: room.nid)
        else { throw MatrixError.notFound("This server is not in that room") }
        try await admit(server, to: now)
        return OpenRoom(room: room, version: version, now: now)
    }

    /// A room, for a server that is in it and wants to know about it.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    func room(_ roomID: RoomID, forMember server: ServerName) async throws -> OpenRoom {
        guard let room = try await reader.room(roomID) else { throw Self.strangers }
        return try await self.room(room, forMember: server)
    }

    func room(_ room: RoomRecord, forMember server: ServerName) async throws -> OpenRoom {
        guard try await reader.memberships.isJoined(server, in: room.nid), let version = RoomVersion(room.version),
            let now = try await reader.current(room)
        else { throw Self.strangers }
        try await admit(server, to: now)
        return OpenRoom(room: room, version: version, now: now)
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
    func admit(_ server: ServerName, to now: RoomSnapshot) async throws {
        guard try await now.allows(server: server) else {
            throw MatrixError.forbidden("The room's access list does not let the server in")
        }
    }

    private static var strangers: MatrixError { .forbidden("The server is not in the room") }
}

/// A room about which a server may ask.
struct OpenRoom: Sendable {
    let room: RoomRecord
    let version: RoomVersion
    /// Its state as it was when the server came.
    let now: RoomSnapshot
}
