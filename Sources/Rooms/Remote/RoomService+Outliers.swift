package import MatrixCore
package import Storage
import Telemetry

/// Events of other servers that we need and that have no place in our graph: auth chains, and the state of a room.
extension RoomService {
    /// Events that go into one statement.
    private static var maxStoredAtOnce: Int { 500 }
    /// Tries while other workers number the same events.
    private static var maxNumberings: Int { 8 }

    /// The record of a room that we may know nothing of yet.
    ///
    /// - Parameter version: `nil` when there is nobody to be believed about it, as with an invite.
    package func ensureRoom(_ roomID: RoomID, version: RoomVersion?) async throws -> RoomRecord {
        try await reader.store.intern(
            roomID, shard: reader.interning.shard(of: roomID.description), version: version?.identifier, now: now)
    }

    /// Stores events as they are, checked by their own auth events; rejected ones are flagged. Their forms, hashes and
    /// signatures were checked before.
    ///
    /// - Parameters:
    ///   - outliers: in any order. One that cites an auth event that is neither here nor among them is left out, and so is
    ///     one of another room.
    ///   - create: the create event of a room of which we have no state yet, as whoever lets us in tells it.
    /// - Returns: those of the events that are in the database now, whether stored now or before.
    package func store(
        outliers: [Event], beginningWith create: Event? = nil, in room: RoomRecord
    ) async throws -> [EventID: RoomEvent] {
        try await numbering { try await storeOnce(outliers, create, in: room) }
    }

    /// Runs `store`, and again while other workers number the same events. A try that fails leaves nothing behind.
    func numbering<Stored>(_ store: () async throws -> Stored) async throws -> Stored {
        var tries = 1
        while true {
            do { return try await store() } catch {
                switch WriteFailure(error) {
                case .duplicate, .undone: guard tries < Self.maxNumberings else { throw error }
                case .unknown, .final: throw error
                }
                try await writing.pause(afterLostRaces: tries)
                tries += 1
            }
        }
    }

    /// A state made of stored events; rejected ones have no part in it.
    ///
    /// - Returns: the new state and its pack, which nobody has stored yet: both go into `RemoteEventOptions`.
    package func state(of events: some Sequence<RoomEvent>, in room: RoomRecord) async throws -> StateUpdate {
        let changes = events.compactMap { event in
            event.stored.stateKeyNID.flatMap { key in
                event.stored.flags.contains(.rejected) ? nil : StateChange(key: key, event: event.nid)
            }
        }
        return try await reader.tree(of: room, at: .empty)
            .applying(changes, newPack: try await writing.numbers.pack())
    }

    private func storeOnce(
        _ outliers: [Event], _ create: Event?, in room: RoomRecord
    ) async throws -> [EventID: RoomEvent] {
        guard let version = RoomVersion(room.version) else { throw StorageError.corrupt("rooms.version") }
        let given = outliers.filter { $0.roomID == room.roomID }
        let createID = room.roomID.createEventID
        var known = try await stored(
            given.flatMap { $0.authEvents + [$0.eventID] } + (createID.map { [$0] } ?? []), in: room)
        let new = EventOrder.sort(
            byAuthEvents: given.filter { known[$0.eventID] == nil }, above: Set(known.keys),
            create: createID)
        let senders = try await users(Set(new.map(\.sender)))
        let keys = try await reader.interning.stateKeys(Array(Set(new.compactMap(\.fullStateKey))))
        let floor = new.flatMap(\.authEvents).compactMap { known[$0]?.nid }.max()
        let numbers = try await writing.numbers.events(new.count, above: floor)
        let receipt = EventReceipt(roomID: room.roomID, version: version)
        let begun = createID == nil ? try await beginning(of: room) ?? create : nil
        var batch: [NewEvent] = []
        for (event, nid) in zip(new, numbers) {
            let authEvents = event.authEvents.compactMap { known[$0] }
            guard let sender = senders[event.sender], authEvents.count == event.authEvents.count else { continue }
            let create =
                createID.flatMap { known[$0]?.asAuthEvent }
                ?? begun.map { AuthRules.AuthEvent(event: $0, isRejected: false) }
            let refusal = receipt.refusal(of: event, by: authEvents.map(\.asAuthEvent), create: create)
            let isRejected = refusal != nil
            let outlier = NewEvent(
                nid: nid, event: event, isLive: false, senderNID: sender.nid,
                stateKeyNID: event.fullStateKey.flatMap { keys[$0] },
                flags: isRejected ? [.rejected, .outlier] : .outlier, stateBefore: nil,
                authEvents: authEvents.map(\.nid).sorted())
            known[event.eventID] = RoomEvent(stored: StoredEvent(outlier, in: room.nid, at: 0), event: event)
            batch.append(outlier)
            if batch.count == Self.maxStoredAtOnce {
                try await reader.store.store(batch, in: room)
                batch = []
            }
        }
        try await reader.store.store(batch, in: room)
        let wanted = Set(given.map(\.eventID))
        return known.filter { wanted.contains($0.key) }
    }

    /// The create event of the room's state: others that claim to be it are none, nor is what rests on them.
    private func beginning(of room: RoomRecord) async throws -> Event? {
        try await reader.current(room)?.event(EventType.create)?.event
    }

    private func stored(_ ids: [EventID], in room: RoomRecord) async throws -> [EventID: RoomEvent] {
        var found: [EventID: RoomEvent] = [:]
        for some in Array(Set(ids)).chunks(of: Self.maxStoredAtOnce) {
            found.merge(try await reader.events.events(some, in: room)) { one, _ in one }
        }
        return found
    }

    private func users(_ ids: Set<UserID>) async throws -> [UserID: UserRecord] {
        var found: [UserID: UserRecord] = [:]
        for some in Array(ids).chunks(of: Self.maxStoredAtOnce) {
            found.merge(try await reader.interning.users(some)) { one, _ in one }
        }
        return found
    }
}
