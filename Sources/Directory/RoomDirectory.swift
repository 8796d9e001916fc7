package import MatrixCore
package import Rooms
package import Storage
import Telemetry

/// Aliases of rooms, and the list of public ones.
package struct RoomDirectory: RoomAliasing, RoomNaming {
    /// Aliases that a room may have here.
    package static let maxAliasesPerRoom = 1_000
    /// Servers that are named to whoever looks an alias up.
    private static let maxServers = 20
    /// The name of an application service's network.
    private static let maxNetworkBytes = 255

    let store: DirectoryStore
    package let rooms: RoomService
    package let summaries: RoomSummaries
    let index: PublicRoomIndex
    let policy: DirectoryPolicy
    /// Whether the list is shown without an access token.
    package let isShownToAnyone: Bool
    /// `nil` in a worker without federation.
    let remote: (any RemoteDirectory)?

    package init(
        store: DirectoryStore, rooms: RoomService, policy: DirectoryPolicy, isShownToAnyone: Bool = true,
        remote: (any RemoteDirectory)? = nil
    ) {
        self.store = store
        self.rooms = rooms
        self.policy = policy
        self.isShownToAnyone = isShownToAnyone
        self.remote = remote
        summaries = RoomSummaries(rooms: rooms)
        index = PublicRoomIndex(store: store, rooms: rooms, summaries: summaries)
    }

    // MARK: Looking up

    package func resolve(_ alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName]) {
        if let local = try await resolveHere(alias) { return local }
        guard alias.serverName != rooms.server.name, let found = try await rooms.remote?.room(for: alias) else {
            throw MatrixError(.notFound, "no room has the alias \(alias)")
        }
        return found
    }

    /// The room that an alias of this server names, and servers that are in it, ours first.
    package func resolveHere(_ alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName])? {
        guard alias.serverName == rooms.server.name, let found = try await store.room(named: alias) else { return nil }
        let others = try await rooms.reader.memberships.joinedServers(of: found.room).filter { $0 != rooms.server.name }
        return (found.roomID, [rooms.server.name] + others.prefix(Self.maxServers - 1))
    }

    /// The aliases that this server gave a room, for those who are in it; for everybody where it is world-readable.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, the same for a room that does not exist.
    package func aliases(of roomID: RoomID, for user: UserRecord, isAdministrator: Bool) async throws -> [RoomAlias] {
        guard let room = try await rooms.reader.room(roomID) else { throw MatrixError.unknownRoom }
        if !isAdministrator {
            let membership = try await rooms.reader.memberships.membership(of: user.nid, in: room.nid)?.record
            if membership?.membership != .join {
                guard try await rooms.reader.current(room)?.historyVisibility() == .worldReadable else {
                    throw MatrixError.unknownRoom
                }
            }
        }
        return try await store.aliases(of: room.nid)
    }

    // MARK: Changing

    package func isTaken(_ alias: RoomAlias) async throws -> Bool { try await store.room(named: alias) != nil }

    package func reserve(_ alias: RoomAlias, for room: RoomRecord, by user: UserRecord) async throws {
        guard try await store.add(alias, of: room.nid, by: user.nid, now: rooms.writing.telemetry.clock.nowMilliseconds)
        else { throw MatrixError(.roomInUse, "the alias is taken") }
    }

    package func release(_ alias: RoomAlias) async throws { _ = try await store.remove(alias) }

    package func permitsPublishing(isAdministrator: Bool) -> Bool { policy.lets(isAdministrator: isAdministrator) }

    package func publish(_ room: RoomRecord) async throws {
        try await store.setPublished(true, room.nid)
        index.invalidate()
    }

    package func moveNames(from old: RoomRecord, to new: RoomRecord) async throws {
        try await store.move(from: old.nid, to: new.nid)
        index.invalidate()
    }

    /// Gives a room an alias of this server.
    ///
    /// - Throws: 409 `M_UNKNOWN` when it is taken, 400 `M_INVALID_PARAM` for another server's, 403 for who is not in the room.
    package func add(_ alias: RoomAlias, to roomID: RoomID, by user: UserRecord) async throws {
        guard alias.serverName == rooms.server.name else {
            throw MatrixError(.invalidParam, "the alias is one of another server")
        }
        guard alias.isUsable else { throw MatrixError(.invalidParam, "the alias has white space in it, or no name") }
        let room = try await rooms.joinedRoom(roomID, as: user)
        guard try await store.aliases(of: room.nid).count < Self.maxAliasesPerRoom else {
            throw MatrixError(.limitExceeded, "the room has too many aliases", status: 400)
        }
        guard try await store.add(alias, of: room.nid, by: user.nid, now: rooms.writing.telemetry.clock.nowMilliseconds)
        else { throw MatrixError(.unknown, "the alias is taken", status: 409) }
    }

    /// Takes an alias away: whoever made it may, and whoever may change the room's canonical alias. If the room calls itself
    /// by it, it does so no more, as far as the user may change that.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for another server's, 404 `M_NOT_FOUND`, 403 `M_FORBIDDEN`.
    package func remove(_ alias: RoomAlias, by user: UserRecord, isAdministrator: Bool) async throws {
        guard alias.serverName == rooms.server.name else {
            throw MatrixError(.invalidParam, "the alias is one of another server")
        }
        guard let found = try await store.room(named: alias) else { throw MatrixError(.notFound, "no such alias") }
        if found.creator != user.nid, !isAdministrator {
            guard try await mayName(found.roomID, user) else { throw MatrixError(.forbidden, "the alias is not yours") }
        }
        guard try await store.remove(alias) else { throw MatrixError(.notFound, "no such alias") }
        do { try await strike(alias, from: found.roomID, as: user) } catch {
            rooms.writing.telemetry.log.info(
                "a room keeps calling itself by an alias that is gone",
                [.roomID: "\(found.roomID)", .userID: "\(user.userID)", .cause: "\(error)"])
        }
    }

    /// Takes an alias out of the room's canonical ones.
    private func strike(_ alias: RoomAlias, from roomID: RoomID, as user: UserRecord) async throws {
        guard let room = try await rooms.reader.room(roomID), let now = try await rooms.reader.current(room),
            let event = try await now.event(EventType.canonicalAlias)
        else { return }
        let before = try rooms.content(of: event).value()
        var after = before
        let name = JSONValue.string(alias.description)
        if before["alias"] == name { after["alias"] = nil }
        if let others = before["alt_aliases"]?.array, others.contains(name) {
            let rest = others.filter { $0 != name }
            after["alt_aliases"] = rest.isEmpty ? nil : .array(rest)
        }
        guard after != before else { return }
        let draft = try EventDraft(sender: user, type: EventType.canonicalAlias, stateKey: "", content: after)
        _ = try await rooms.send(draft, in: room)
    }

    /// Whether the user has the power to change the room's canonical alias.
    private func mayName(_ roomID: RoomID, _ user: UserRecord) async throws -> Bool {
        guard let room = try await rooms.reader.room(roomID), let now = try await rooms.reader.current(room),
            try await now.membership(of: user.userID) == .join
        else { return false }
        let levels = try await now.powerLevels()
        return levels.level(of: user.userID) >= levels.required(type: EventType.canonicalAlias, isState: true)
    }

    // MARK: Publication

    package func isPublished(_ roomID: RoomID) async throws -> Bool {
        guard let room = try await rooms.reader.room(roomID) else { throw MatrixError(.notFound, "no such room") }
        return try await store.isPublished(room.nid)
    }

    /// Those of the rooms that are published.
    ///
    /// - Cost: one query.
    package func published(among roomIDs: [RoomID]) async throws -> Set<RoomID> {
        let records = try await rooms.reader.store.rooms(roomIDs).values
        let published = Set(try await store.published(among: records.map(\.nid)))
        return Set(records.filter { published.contains($0.nid) }.map(\.roomID))
    }

    /// - Throws: 404 `M_NOT_FOUND`, 403 `M_FORBIDDEN` for who may not name the room, or publish at all.
    package func setPublished(
        _ isPublished: Bool, _ roomID: RoomID, by user: UserRecord, isAdministrator: Bool
    ) async throws {
        guard let room = try await rooms.reader.room(roomID) else { throw MatrixError(.notFound, "no such room") }
        var isAllowed = permitsPublishing(isAdministrator: isAdministrator)
        if isAllowed, !isAdministrator { isAllowed = try await mayName(roomID, user) }
        guard isAllowed else {
            throw MatrixError(.forbidden, "you may not publish this room")
        }
        try await store.setPublished(isPublished, room.nid)
        index.invalidate()
    }

    /// Puts a room on the list of an application service's network, or takes it off.
    ///
    /// - Throws: 404 `M_NOT_FOUND`, 400 `M_INVALID_PARAM` for a network that cannot be one.
    package func setShown(
        _ isShown: Bool, _ roomID: RoomID, on network: String, by service: String
    ) async throws {
        guard !network.isEmpty, network.utf8.count <= Self.maxNetworkBytes else {
            throw MatrixError(.invalidParam, "networkId is not valid")
        }
        guard let room = try await rooms.reader.room(roomID) else { throw MatrixError(.notFound, "no such room") }
        try await store.setShown(isShown, room.nid, on: network, by: service)
        index.invalidate()
    }
}

/// Who may put rooms on the public list.
package enum DirectoryPolicy: Sendable {
    case everyone
    case administrators
    case nobody

    func lets(isAdministrator: Bool) -> Bool {
        switch self {
        case .everyone: true
        case .administrators: isAdministrator
        case .nobody: false
        }
    }
}
