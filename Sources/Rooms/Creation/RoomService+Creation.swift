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
            guard let alias = RoomAlias("#\(localpart):\(server.name)") else {
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
        let create = try createEvent(foundation)
        let room = try await reader.store.intern(
            create.roomID, shard: reader.interning.shard(of: create.roomID.description),
            version: creation.version.identifier, now: now)
        if let alias, let aliases { try await aliases.reserve(alias, for: room, by: creator) }
        do {
            _ = try await write(.creation(create: create, then: try foundation.drafts()), in: room)
        } catch let error as MatrixError where error.errcode == .forbidden {
            throw MatrixError(.invalidRoomState, error.message)
        }
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

    private func createEvent(_ foundation: RoomFoundation) throws -> Event {
        let version = foundation.creation.version
        let roomID =
            version.namesRoomByCreateEvent
            ? nil : RoomID("!\(writing.telemetry.random.token(length: 18)):\(server.name)")
        do {
            var builder = try EventBuilder(
                version: version, roomID: roomID, type: EventType.create, stateKey: "",
                sender: foundation.creator.userID, content: foundation.createContent)
            builder.originServerTS = now
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
    func publish(_ room: RoomRecord) async throws
}
