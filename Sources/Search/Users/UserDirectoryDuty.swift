package import Cluster
import MatrixCore
package import Rooms
package import Storage

/// Keeps the user directory as the log says: who came and went, who is called otherwise, which rooms have opened and closed.
///
/// What the directory should say of somebody is read anew each time, so it does no harm when rows are taken twice.
package struct UserDirectoryDuty: Duty {
    /// How far apart turns are: whoever comes into many rooms is looked up once. What comes after a quiet time is taken at
    /// once.
    private static let moment = Duration.seconds(1)
    private static let usersAtOnce = 500
    /// In bytes.
    private static let maxNameBytes = 1024

    package let name = "user-directory"
    /// Names are told by rooms of all shards, so one follows them all.
    package let slotCount = 1

    private let store: UserDirectoryStore
    private let rooms: RoomService
    private let feed: LogFeed

    package init(store: UserDirectoryStore, rooms: RoomService, feed: LogFeed) {
        self.store = store
        self.rooms = rooms
        self.feed = feed
    }

    package func run(_ lease: DutyLease) async throws {
        let shards = Int(feed.installation.shardCount)
        let start = lease.cursor.flatMap { $0.shardCount == shards ? $0 : nil }
        var follower = LogFollower(feed: feed, from: start ?? .zero(shards: shards))
        while !Task.isCancelled {
            try await take(try await follower.next(gathering: Self.moment))
            lease.advance(to: follower.cursor)
        }
    }

    package func take(_ rows: [LogRow]) async throws {
        var users: Set<UserNID> = []
        var changed: Set<RoomNID> = []
        for row in rows {
            users.formUnion(row.membersChanged)
            if row.kind == .profile, let user = row.userNID { users.insert(user) }
            guard row.kind == .roomEvents, let room = row.roomNID else { continue }
            if row.state.map({ $0.before != $0.after }) ?? true { changed.insert(room) }
        }
        for room in try await noteOpenness(of: changed) { try await refreshMembers(of: room) }
        try await refresh(Array(users))
    }

    /// - Returns: the rooms that have become open to everybody, or ceased to be.
    private func noteOpenness(of changed: Set<RoomNID>) async throws -> [RoomNID] {
        var open: [RoomNID] = []
        var closed: [RoomNID] = []
        for room in try await rooms.reader.store.rooms(Array(changed)).values {
            guard let now = try await rooms.reader.current(room) else { continue }
            // Of a room that nobody of us is in any more we do not hear who leaves it.
            let isFollowed = try await rooms.reader.memberships.isJoined(rooms.server.name, in: room.nid)
            let isOpen = isFollowed ? try await self.isOpen(now) : false
            if isOpen { open.append(room.nid) } else { closed.append(room.nid) }
        }
        return try await store.note(open: open, closed: closed)
    }

    private func isOpen(_ room: RoomSnapshot) async throws -> Bool {
        if try await room.joinRule() == "public" { return true }
        return try await room.historyVisibility() == .worldReadable
    }

    private func refreshMembers(of room: RoomNID) async throws {
        var last: UserNID?
        repeat {
            let members = try await store.members(of: room, after: last, limit: Self.usersAtOnce)
            try await refresh(members)
            last = members.count == Self.usersAtOnce ? members.last : nil
        } while last != nil
    }

    private func refresh(_ users: [UserNID]) async throws {
        for start in stride(from: 0, to: users.count, by: Self.usersAtOnce) {
            try Task.checkCancellation()
            let some = users[start..<min(start + Self.usersAtOnce, users.count)]
            var found: [DirectoryUser] = []
            var gone: [UserNID] = []
            for profile in try await store.profiles(of: Array(some)) {
                if profile.roomNID == nil { gone.append(profile.userNID) } else { found.append(entry(of: profile)) }
            }
            try await store.write(found, gone: gone)
        }
    }

    private func entry(of profile: DirectoryProfile) -> DirectoryUser {
        let isLocal = profile.userID.serverName == rooms.server.name
        var name: String?
        var avatar: String?
        if isLocal {
            name = profile.displayName.flatMap(Self.string)
            avatar = profile.avatarURL.flatMap(Self.string)
        } else if let content = profile.memberEvent.flatMap({ try? JSONDocument(parsing: $0) })?["content"] {
            name = content["displayname"]?.string
            avatar = content["avatar_url"]?.string
        }
        name = Self.storable(name)
        let idWords = DirectoryWords.words(of: profile.userID.localpart)
        return DirectoryUser(
            userNID: profile.userNID, userID: profile.userID, displayName: name, avatarURL: Self.storable(avatar),
            nameRoom: isLocal ? nil : profile.roomNID,
            words: Array(Set(idWords + DirectoryWords.words(of: name ?? ""))).sorted(), idWords: idWords)
    }

    private static func string(_ json: [UInt8]) -> String? { (try? JSONDocument(parsing: json))?.root.string }

    /// Nothing that is empty or beyond all measure, and no NUL, which the database does not take.
    private static func storable(_ text: String?) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= maxNameBytes, !text.utf8.contains(0) else { return nil }
        return text
    }
}
