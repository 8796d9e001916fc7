package import MatrixCore
package import Storage

/// What local users do in rooms: the front of this module.
///
/// One value holds what all operations share; they are grouped by extension, a file a group.
package struct RoomService: Sendable {
    package let reader: RoomReader
    package let writers: RoomWriters
    package let writing: RoomWriting
    package let visibility: EventVisibility
    /// What needs other servers; `nil` in a worker without federation.
    package private(set) var remote: (any RemoteRooms)?
    /// Follows users into rooms that replace others.
    private(set) var succession: RoomSuccession?
    package let ignored: IgnoredUsers
    package let invitePermissions: InvitePermissions
    package let relations: RelationBundler
    let profiles: ProfileStore
    let renderer: EventRenderer
    let syncPosition: SyncPosition

    /// Reads a sync token where one stands for a place in a room's history: the position of a shard.
    package typealias SyncPosition = @Sendable (_ token: String, _ shard: Int16) -> Int64?

    package init(
        writing: RoomWriting, profiles: ProfileStore, accountData: AccountDataStore, remote: (any RemoteRooms)?,
        syncPosition: @escaping SyncPosition
    ) {
        self.writing = writing
        self.profiles = profiles
        self.remote = remote
        self.syncPosition = syncPosition
        renderer = EventRenderer(reader: writing.reader)
        reader = writing.reader
        writers = RoomWriters(services: writing)
        visibility = EventVisibility(reader: writing.reader)
        relations = RelationBundler(reader: writing.reader)
        ignored = IgnoredUsers(store: accountData, feed: writing.feed)
        invitePermissions = InvitePermissions(store: accountData, feed: writing.feed)
    }

    /// The same rooms, written by the same writers, with other servers within reach. Those who reach them need rooms too.
    package func reaching(_ remote: any RemoteRooms) -> RoomService {
        var copy = self
        copy.remote = remote
        return copy
    }

    /// The same rooms, for a worker in which users have settings that follow them.
    package func following(_ succession: RoomSuccession) -> RoomService {
        var copy = self
        copy.succession = succession
        return copy
    }

    package var server: LocalServer { writing.server }
    var now: Int64 { writing.now }

    // MARK: Rooms and members

    /// A user by number.
    package func user(_ nid: UserNID) async throws -> UserRecord { try await reader.interning.user(nid) }

    /// The room, for somebody who is in it.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    package func joinedRoom(_ roomID: RoomID, as user: UserRecord) async throws -> RoomRecord {
        guard let room = try await reader.room(roomID),
            let (record, _) = try await reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership == .join
        else { throw MatrixError.unknownRoom }
        return room
    }

    /// The room as somebody may read it: those in it as it is, those who left as they left it, everybody where the room
    /// is world-readable.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    package func readableRoom(_ roomID: RoomID, by user: UserRecord) async throws -> ReadableRoom {
        guard let room = try await reader.room(roomID) else { throw MatrixError.unknownRoom }
        var viewer = try await visibility.viewer(user, of: room)
        viewer.ignored = try await ignored.users(ignoredBy: user.nid)
        if viewer.isJoined, let now = try await reader.current(room) {
            return ReadableRoom(room: room, viewer: viewer, snapshot: now)
        }
        if viewer.leftAt != nil, viewer.membership?.isForgotten == false, let nid = viewer.membership?.eventNID,
            let leave = try await reader.events.event(nid, in: room),
            let then = try await reader.state(after: leave, in: room)
        {
            return ReadableRoom(room: room, viewer: viewer, snapshot: then)
        }
        guard let now = try await reader.current(room), try await now.historyVisibility() == .worldReadable else {
            throw MatrixError.unknownRoom
        }
        return ReadableRoom(room: room, viewer: viewer, snapshot: now)
    }

    // MARK: Writing

    /// Writes one event of a local user.
    ///
    /// - Throws: `MatrixError`: 403 `M_FORBIDDEN` when the rules refuse it, 413 `M_TOO_LARGE`, 400 `M_BAD_JSON`.
    package func send(_ draft: EventDraft, in room: RoomRecord) async throws -> EventID {
        let result = try await write(.local([draft]), in: room)
        guard let eventID = result.eventID else { throw StorageError.missing("event of a local write") }
        return eventID
    }

    package func write(_ write: RoomWrite, in room: RoomRecord) async throws -> RoomWriteResult {
        do { return try await writers.write(write, in: room) } catch let error as PDUError {
            throw MatrixError(error)
        } catch RoomWriteError.unknownRoom {
            throw MatrixError.unknownRoom
        }
    }
}

/// A room as somebody may read it.
package struct ReadableRoom: Sendable {
    package let room: RoomRecord
    package let viewer: Viewer
    /// The state that they may see: now, or when they left.
    package let snapshot: RoomSnapshot
}
