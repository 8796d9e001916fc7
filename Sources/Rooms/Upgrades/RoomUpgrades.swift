import Cluster
package import MatrixCore
package import Storage
import Telemetry

/// Names of rooms, as far as replacing a room moves them. Owned here, implemented by `Directory`.
package protocol RoomNaming: Sendable {
    /// Moves this server's aliases, and the place on its public list.
    func moveNames(from old: RoomRecord, to new: RoomRecord) async throws
}

/// Replaces rooms by rooms of other versions.
///
/// The new room is written first, with all that it takes over, then the old one is ended: a failure between leaves a room
/// that nobody knows of, never a room that was ended for nothing.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
package struct RoomUpgrades: Sendable {
    /// Upgrades under way in a worker. Each holds the state of a room in memory.
    private static let maxFlights = 16
    /// Events that are written at once.
    private static let maxEventsAtOnce = 200

    private struct Key: Hashable {
        let room: RoomID
        let user: UserID
        let version: RoomVersion
    }

    private let rooms: RoomService
    private let names: any RoomNaming
    /// A client that gave up waiting and asks again gets the room that is being made.
    private let flights = Flights<Key, RoomID>(atMost: maxFlights)
    private let underWay = Places<RoomID>(Places.Limits(ofKey: { _ in 1 }, waitingOfKey: 0))

    package init(rooms: RoomService, names: any RoomNaming) {
        self.rooms = rooms
        self.names = names
    }

    private var reader: RoomReader { rooms.reader }

    /// Replaces a room. Who has done so before, into the same version, is told the same room again.
    ///
    /// - Parameter additionalCreators: of the new room; they only count in versions that have such.
    /// - Returns: the new room.
    /// - Throws: 404 `M_NOT_FOUND` for a room that is not known here; 403 `M_FORBIDDEN` for who may not end it; 400
    ///   `M_UNKNOWN` while somebody else replaces it.
    package func upgrade(
        _ roomID: RoomID, to version: RoomVersion, additionalCreators: [UserID], by user: UserRecord
    ) async throws -> RoomID {
        let key = Key(room: roomID, user: user.userID, version: version)
        do {
            return try await flights.join(key) {
                try await underWay.hold(roomID) {
                    try await replace(roomID, by: version, additionalCreators, as: user)
                }
            }
        } catch is Flights<Key, RoomID>.Refusal {
            throw MatrixError(.limitExceeded, "too many rooms are being upgraded", retryAfter: .seconds(10))
        } catch is Places<RoomID>.Refusal {
            throw MatrixError(.unknown, "the room is being upgraded", status: 400)
        }
    }

    private func replace(
        _ roomID: RoomID, by version: RoomVersion, _ additionalCreators: [UserID], as user: UserRecord
    ) async throws -> RoomID {
        guard let old = try await reader.room(roomID), let now = try await reader.current(old) else {
            throw MatrixError(.notFound, "no such room")
        }
        guard try await now.membership(of: user.userID) == .join else {
            throw MatrixError(.forbidden, "you are not in this room")
        }
        if let new = try await finished(old, by: version, as: user) {
            // A client that was not told asks again, and what a worker that was lost has left to do is done.
            try await names.moveNames(from: old, to: new)
            await rooms.takeOverSettings(of: user, in: new.roomID)
            return new.roomID
        }
        let levels = try await now.powerLevels()
        guard levels.level(of: user.userID) >= levels.required(type: EventType.tombstone, isState: true) else {
            throw MatrixError(.forbidden, "you may not upgrade this room")
        }
        let replacement = RoomReplacement(
            version: version, upgrader: user, profile: try await rooms.profiles.memberProfile(of: user.nid),
            additionalCreators: additionalCreators, oldRoom: old, state: try await carriedState(of: now),
            bans: try await bans(in: old))
        let new = try await found(replacement)
        try await names.moveNames(from: old, to: new)
        await close(replacement)
        await rooms.takeOverSettings(of: user, in: new.roomID)
        return new.roomID
    }

    /// The room by which the user has replaced this one.
    private func finished(
        _ old: RoomRecord, by version: RoomVersion, as user: UserRecord
    ) async throws -> RoomRecord? {
        guard let end = try await reader.current(old)?.event(EventType.tombstone),
            end.event.sender == user.userID, end.stored.redactedBy == nil,
            let newID = end.event.content["replacement_room"]?.string.flatMap({ RoomID($0) }),
            let new = try await reader.room(newID), new.version == version.identifier,
            let create = try await reader.current(new)?.event(EventType.create),
            create.event.sender == user.userID,
            create.event.content["predecessor"]?["room_id"]?.stringEquals(old.roomID.description) == true
        else { return nil }
        return new
    }

    // MARK: What there is

    /// The state that the new room is made of, as it is shown.
    private func carriedState(of now: RoomSnapshot) async throws -> [StateKey: Event] {
        let types = RoomReplacement.copiedTypes + RoomReplacement.readTypes
        var events = Array(try await now.events(types.map { StateKey($0) }).values)
        events += try await now.events(ofType: EventType.spaceParent)
        if try await now.content(EventType.create)?["type"]?.stringEquals("m.space") == true {
            events += try await now.events(ofType: EventType.spaceChild)
        }
        var state: [StateKey: Event] = [:]
        for event in events {
            guard let key = event.event.fullStateKey else { continue }
            state[key] = try rooms.renderer.servedEvent(event)
        }
        return state
    }

    private func bans(in room: RoomRecord) async throws -> [Event] {
        let records = try await reader.memberships.members(of: room.nid, with: [.ban])
        let events = try await reader.events.events(records.map(\.eventNID), in: room)
        return try events.values.sorted { $0.nid < $1.nid }.map(rooms.renderer.servedEvent)
    }

    // MARK: The new room

    /// Writes the new room, and ends the old one by naming it.
    private func found(_ replacement: RoomReplacement) async throws -> RoomRecord {
        let old = replacement.oldRoom
        guard !replacement.version.namesRoomByCreateEvent, let newID = rooms.newRoomID() else {
            // The new room's name is made of its create event, so that cannot name the event that ends the old one.
            let new = try await write(replacement, tombstone: nil, roomID: nil)
            if let first = try await raceWinner(replacement) { return first }
            _ = try await rooms.send(try tombstone(replacement, naming: new.roomID), in: old)
            return new
        }
        // Made now, so that the new room can name it, and written later.
        let end = try await rooms.prepare(try tombstone(replacement, naming: newID), in: old).event
        let new = try await write(replacement, tombstone: end.eventID, roomID: newID)
        if let first = try await raceWinner(replacement) { return first }
        switch try await rooms.write(.remote(end), in: old) {
        case .written, .unchanged, .repeated: return new
        case .rejected(let refusal), .softFailed(let refusal): throw MatrixError(.forbidden, refusal.reason)
        case .missing: throw MatrixError.internalError
        }
    }

    /// The room of another worker that did the same meanwhile, as a client that asks twice has it: then nobody learns of ours.
    private func raceWinner(_ replacement: RoomReplacement) async throws -> RoomRecord? {
        try await finished(replacement.oldRoom, by: replacement.version, as: replacement.upgrader)
    }

    private func tombstone(_ replacement: RoomReplacement, naming new: RoomID) throws -> EventDraft {
        try EventDraft(
            sender: replacement.upgrader, type: EventType.tombstone, stateKey: "",
            content: ["body": "This room has been replaced", "replacement_room": .string(new.description)])
    }

    /// Writes the new room: what there is room for at once together with its create event, the rest after it.
    private func write(
        _ replacement: RoomReplacement, tombstone: EventID?, roomID: RoomID?
    ) async throws -> RoomRecord {
        let aliases = replacement.canonicalAliases(of: rooms.server.name)
        let drafts = try replacement.drafts(canonicalAlias: aliases?.new)
        let new = try await rooms.found(
            RoomBeginning(
                version: replacement.version, creator: replacement.upgrader,
                createContent: replacement.createContent(tombstone: tombstone),
                drafts: Array(drafts.prefix(Self.maxEventsAtOnce)), roomID: roomID),
            aliases: nil)
        for start in stride(from: Self.maxEventsAtOnce, to: drafts.count, by: Self.maxEventsAtOnce) {
            let some = drafts[start..<min(start + Self.maxEventsAtOnce, drafts.count)]
            _ = try await rooms.write(.local(Array(some)), in: new)
        }
        return new
    }

    // MARK: The old room

    /// Takes from the old room what is the new one's now, and keeps ordinary users from speaking there. The new room stands
    /// whether the old one allows that or not.
    private func close(_ replacement: RoomReplacement) async {
        var changes: [(type: String, content: JSONValue)] = []
        if let aliases = replacement.canonicalAliases(of: rooms.server.name) {
            changes.append((EventType.canonicalAlias, aliases.old))
        }
        if replacement.state[.powerLevels] != nil, let closed = replacement.levels.closed {
            changes.append((EventType.powerLevels, closed))
        }
        for (type, content) in changes {
            do {
                let draft = try EventDraft(
                    sender: replacement.upgrader, type: type, stateKey: "", content: content)
                _ = try await rooms.send(draft, in: replacement.oldRoom)
            } catch {
                rooms.writing.telemetry.log.warning(
                    "a room that was replaced could not be closed",
                    [.roomID: "\(replacement.oldRoom.roomID)", .eventType: type, .cause: "\(error)"])
            }
        }
    }
}
