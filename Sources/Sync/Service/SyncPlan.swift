import Cluster
import MatrixCore
import Rooms
import Storage

/// Which rooms go into an answer, and in which section.
struct SyncPlan: Sendable {
    var joined: [RoomTask] = []
    var left: [RoomTask] = []
    var invited: [(room: RoomRecord, standing: RoomStanding)] = []
    var knocked: [(room: RoomRecord, standing: RoomStanding)] = []
    /// Rooms that were left and of which we have at most the event by which that happened, such as invites of other servers
    /// that were refused or taken back.
    var emptied: [RoomRecord] = []
}

/// Sorts a user's rooms into the sections of an answer.
struct SyncPlanner: Sendable {
    let reader: RoomReader

    /// - Parameters:
    ///   - changes: what happened since; `nil` in a first sync.
    ///   - alsoChanged: rooms that have something else to show, such as typing or account data.
    func plan(_ context: SyncContext, changes: ChangeSet?, alsoChanged: Set<RoomNID>) async throws -> SyncPlan {
        let interesting = candidates(context, changes, alsoChanged)
            .filter { isInteresting($0.key, $0.value, context, changes, alsoChanged) }
        let rooms = try await reader.store.rooms(Array(interesting.keys))
        try await loadDepartures(interesting, in: rooms)
        var plan = SyncPlan()
        for (nid, standing) in interesting.sorted(by: { $0.key < $1.key }) {
            guard let room = rooms[nid], context.filter.rooms.includes(room: room.roomID) else { continue }
            switch standing.membership {
            case .join: plan.joined.append(try await joinedTask(room, standing, context, changes?.rooms[nid]))
            case .invite: plan.invited.append((room, standing))
            case .knock: plan.knocked.append((room, standing))
            case .leave, .ban: break
            }
            try await addDeparture(from: room, standing, context, to: &plan)
        }
        return plan
    }

    /// The rooms that have to be looked at: of what is in memory those of which something was written, else all.
    private func candidates(
        _ context: SyncContext, _ changes: ChangeSet?, _ others: Set<RoomNID>
    ) -> [RoomNID: RoomStanding] {
        guard let touched = changes?.touched, !context.fullState else { return context.view.standings }
        var candidates: [RoomNID: RoomStanding] = [:]
        for room in touched.union(others) { candidates[room] = context.view.standings[room] }
        return candidates
    }

    private func isInteresting(
        _ room: RoomNID, _ standing: RoomStanding, _ context: SyncContext, _ changes: ChangeSet?, _ others: Set<RoomNID>
    ) -> Bool {
        let isChanged = context.since.map { standing.position > $0.log[standing.shard] } ?? true
        switch standing.membership {
        case .join: return isChanged || context.fullState || changes?.rooms[room] != nil || others.contains(room)
        case .invite, .knock: return isChanged
        case .leave, .ban:
            // Rooms that were left before are shown only to who asks for them, and only as a whole.
            if context.since == nil || (context.fullState && !isChanged) {
                return context.filter.includesLeft && !standing.isForgotten
            }
            // That one has left is news, though the room may be forgotten already.
            return isChanged
        }
    }

    /// The events by which rooms were left are looked at one by one; they are read at once.
    private func loadDepartures(
        _ standings: [RoomNID: RoomStanding], in rooms: [RoomNID: RoomRecord]
    ) async throws {
        let gone = standings.filter { $0.value.membership == .leave || $0.value.membership == .ban }
        guard gone.count > 1 else { return }
        try await reader.events.load(
            Set(gone.map { RoomEventNumber(room: $0.key, event: $0.value.eventNID) }), in: rooms)
    }

    private func joinedTask(
        _ room: RoomRecord, _ standing: RoomStanding, _ context: SyncContext, _ change: ChangeSet.Room?
    ) async throws -> RoomTask {
        var knownUpTo = context.since?.log[room.shard]
        var seenBefore: Int64?
        // Who came since, or left and came back, is told the room from the start.
        if let since = knownUpTo, standing.shard != room.shard || standing.joinedPosition > since {
            knownUpTo = nil
            if context.loadsMembersLazily {
                let history = try await MembershipHistory.read(
                    of: context.user, in: room, from: standing, since: since, reader: reader)
                if history.before == .join { seenBefore = since }
            }
        }
        // Nothing in the log since: the room is there for its account data or for who types in it.
        let nothing = context.since == nil ? nil : ChangeSet.Room(hasEvents: false, hasReceipts: false, rows: [])
        return RoomTask(
            room: room, standing: standing, knownUpTo: knownUpTo, upTo: context.position(in: room.shard),
            change: change ?? nothing, seenBefore: seenBefore)
    }

    /// Shows how a stay in the room ended, when the client does not know it yet. One may have been invited again since.
    private func addDeparture(
        from room: RoomRecord, _ standing: RoomStanding, _ context: SyncContext, to plan: inout SyncPlan
    ) async throws {
        guard standing.membership != .join else { return }
        let isGone = standing.membership == .leave || standing.membership == .ban
        let since = context.since?.log[room.shard]
        if since == nil, !isGone { return }
        let history = try await MembershipHistory.read(
            of: context.user, in: room, from: standing, since: since ?? 0, reader: reader)
        if let departure = history.departure {
            // Where the user is invited again, this tells what became of the stay, whether the client knows it or not.
            let isKnown = history.before == .join && !(isGone && context.fullState)
            plan.left.append(
                task(room, standing, departure, history.changes(after: departure), knownUpTo: isKnown ? since : nil))
            return
        }
        let changes = history.changes(after: nil)
        if changes.last?.stored.stateBefore != nil {
            plan.left.append(task(room, standing, nil, changes, knownUpTo: since))
        } else if isGone, since != nil || standing.eventNID == EventNID(0) {
            // An invite of another server that was refused; or a resolution of states has taken the user out of the room.
            plan.emptied.append(room)
        }
    }

    private func task(
        _ room: RoomRecord, _ standing: RoomStanding, _ departure: RoomEvent?, _ afterwards: [RoomEvent],
        knownUpTo: Int64?
    ) -> RoomTask {
        RoomTask(
            room: room, standing: standing, knownUpTo: knownUpTo,
            upTo: (departure ?? afterwards.last)?.stored.position ?? 0, change: nil, departure: departure,
            afterwards: afterwards)
    }
}
