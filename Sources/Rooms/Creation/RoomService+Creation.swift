package import MatrixCore
package import Storage
import Telemetry

extension RoomService {
    /// Invites that may go with the creation of a room.
    package static let maxInitialInvites = 100

    /// Creates a room, its first events in one append, and invites whom the client named.
    ///
    /// - Throws: 400 `M_ROOM_IN_USE` when the alias is taken, 400 `M_INVALID_ROOM_STATE` when the events do not fit together,
    ///   400 `M_UNSUPPORTED_ROOM_VERSION` was decided before.
    package func create(
        _ creation: RoomCreation, by creator: UserRecord, aliases: (any AliasReservation)?
    ) async throws -> RoomID {
        guard creation.invites.count <= Self.maxInitialInvites else {
            throw MatrixError(.invalidParam, "too many invites at once")
        }
        let alias = try creation.aliasLocalpart.map { localpart in
            guard let alias = RoomAlias(localpart: localpart, serverName: server.name), alias.isUsable else {
                throw MatrixError(.invalidParam, "room_alias_name is not valid")
            }
            return alias
        }
        if let alias, let aliases, try await aliases.isTaken(alias) {
            throw MatrixError(.roomInUse, "the alias is taken")
        }
        let foundation = RoomFoundation(
            creation: creation, creator: creator, profile: try await profiles.memberProfile(of: creator.nid),
            alias: alias)
        let room = try await found(try foundation.beginning(), aliases: aliases)
        if creation.isPublished { try await aliases?.publish(room) }
        let details = MembershipDetails(extra: creation.isDirect ? ["is_direct": true] : [:])
        for target in creation.invites where target != creator.userID {
            // The room is there: an invite that cannot be delivered does not undo it.
            do { try await invite(target, to: room.roomID, by: creator, details: details) } catch {
                writing.telemetry.log.warning(
                    "invite with a new room failed",
                    [.roomID: "\(room.roomID)", .userID: "\(target)", .cause: "\(error)"])
            }
        }
        return room.roomID
    }

    /// Timestamps that are tried for a room whose id another one has.
    private static var maxTimestamps: Int { 10 }

    /// Writes the first events of a room.
    ///
    /// A room of version 12 is named by its create event, so two that one user asks for in the same millisecond may get
    /// the same name. Whoever comes second says that its own was made a little later, by a random step that grows with every
    /// room that is found there already.
    func found(_ beginning: RoomBeginning, aliases: (any AliasReservation)?) async throws -> RoomRecord {
        for attempt in 0..<Self.maxTimestamps {
            let step = attempt == 0 ? 0 : 1 + Int64(writing.telemetry.random.number(below: 4 << UInt64(attempt)))
            let create = try createEvent(beginning, at: now + step)
            let room = try await reader.store.intern(
                create.roomID, shard: reader.interning.shard(of: create.roomID.description),
                version: beginning.version.identifier, now: now)
            if let alias = beginning.alias { try await aliases?.reserve(alias, for: room, by: beginning.creator) }
            do {
                _ = try await write(.creation(create: create, then: beginning.drafts), in: room)
                return room
            } catch {
                if let alias = beginning.alias { try await aliases?.release(alias) }
                if case RoomWriteError.roomExists = error { continue }
                if let error = error as? MatrixError, error.errcode == .forbidden {
                    throw MatrixError(.invalidRoomState, error.message)
                }
                throw error
            }
        }
        throw MatrixError(.limitExceeded, "too many rooms are created at once", retryAfter: .seconds(1))
    }

    /// A name for a room of a version that leaves it to us.
    func newRoomID() -> RoomID? { RoomID("!\(writing.telemetry.random.token(length: 18)):\(server.name)") }

    private func createEvent(_ beginning: RoomBeginning, at timestamp: Int64) throws -> Event {
        let version = beginning.version
        let roomID = version.namesRoomByCreateEvent ? nil : beginning.roomID ?? newRoomID()
        do {
            var builder = try EventBuilder(
                version: version, roomID: roomID, type: EventType.create, stateKey: "",
                sender: beginning.creator.userID, content: beginning.createContent)
            builder.originServerTS = timestamp
            let event = try builder.signed(by: server.name, with: server.signingKey)
            if case .refused(let refusal) = AuthRules(version: version).check(event, against: AuthStateMap()) {
                throw MatrixError(.badJSON, refusal.reason)
            }
            return event
        } catch let error as PDUError {
            throw MatrixError(error)
        }
    }
}

/// Aliases and the public list, as far as creating a room touches them. Owned here, implemented by `Directory`.
package protocol AliasReservation: Sendable {
    func isTaken(_ alias: RoomAlias) async throws -> Bool
    /// - Throws: 400 `M_ROOM_IN_USE` when somebody else was faster.
    func reserve(_ alias: RoomAlias, for room: RoomRecord, by user: UserRecord) async throws
    /// Gives a reserved alias back, when there was no room to be made of it.
    func release(_ alias: RoomAlias) async throws
    func publish(_ room: RoomRecord) async throws
}
