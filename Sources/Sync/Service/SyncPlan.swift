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
    /// Rooms that were left and of which we have nothing to show, such as invites of other servers that were refused.
    var emptied: [RoomID] = []
}

/// Sorts a user's rooms into the sections of an answer.
struct SyncPlanner: Sendable {
    let reader: RoomReader

    /// - Parameters:
    ///   - changes: what happened since; `nil` in a first sync.
    ///   - alsoChanged: rooms that have something else to show, such as typing or account data.
    func plan(_ context: SyncContext, changes: ChangeSet?, alsoChanged: Set<RoomNID>) async throws -> SyncPlan {
        var interesting: [RoomNID: RoomStanding] = [:]
        for (room, standing) in context.view.standings
        where isInteresting(room, standing, context, changes, alsoChanged) {
            interesting[room] = standing
        }
        let rooms = try await reader.store.rooms(Array(interesting.keys))
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

    private func isInteresting(
        _ room: RoomNID, _ standing: RoomStanding, _ context: SyncContext, _ changes: ChangeSet?, _ others: Set<RoomNID>
    ) -> Bool {
        let isChanged = context.since.map { standing.position > $0.log[standing.shard] } ?? true
        switch standing.membership {
        case .join: return isChanged || context.fullState || changes?.rooms[room] != nil || others.contains(room)
        case .invite, .knock: return isChanged
        case .leave, .ban:
            guard !standing.isForgotten else { return false }
            // Rooms that were left before are shown only to who asks for them, and only as a whole.
            if context.since == nil || (context.fullState && !isChanged) { return context.filter.includesLeft }
            return isChanged
        }
    }

    private func joinedTask(
        _ room: RoomRecord, _ standing: RoomStanding, _ context: SyncContext, _ change: ChangeSet.Room?
    ) async throws -> RoomTask {
        var knownUpTo = context.since?.log[room.shard]
        if let since = knownUpTo, standing.shard != room.shard || standing.position > since {
            let history = try await MembershipHistory.read(
                of: context.user, in: room, from: standing, since: since, reader: reader)
            if history.isNewlyJoined { knownUpTo = nil }
        }
        // Nothing in the log since: the room is there for its account data or for who types in it.
        let nothing = context.since == nil ? nil : ChangeSet.Room(hasEvents: false, hasReceipts: false, rows: [])
        return RoomTask(
            room: room, standing: standing, knownUpTo: knownUpTo, upTo: context.position(in: room.shard),
            change: change ?? nothing)
    }

    /// Shows how a stay in the room ended, when the client does not know it yet. One may have been invited again since.
    private func addDeparture(
        from room: RoomRecord, _ standing: RoomStanding, _ context: SyncContext, to plan: inout SyncPlan
    ) async throws {
        let isGone = standing.membership == .leave || standing.membership == .ban
        guard standing.membership != .join else { return }
        guard let since = context.since?.log[room.shard] else {
            if isGone { try await addLeft(room, standing, by: nil, knownUpTo: nil, context, to: &plan) }
            return
        }
        let history = try await MembershipHistory.read(
            of: context.user, in: room, from: standing, since: since, reader: reader)
        let wasJoined = history.before == .join
        if isGone {
            try await addLeft(
                room, standing, by: history.changes.first, knownUpTo: wasJoined && !context.fullState ? since : nil,
                context,
                to: &plan)
        } else if wasJoined, let departure = history.departure {
            plan.left.append(
                RoomTask(
                    room: room, standing: standing, knownUpTo: since, upTo: departure.stored.position, change: nil,
                    departure: departure))
        }
    }

    private func addLeft(
        _ room: RoomRecord, _ standing: RoomStanding, by event: RoomEvent?, knownUpTo: Int64?, _ context: SyncContext,
        to plan: inout SyncPlan
    ) async throws {
        let newest: RoomEvent? =
            if let event { event } else { try await reader.events.event(standing.eventNID, in: room) }
        guard let newest, newest.stored.stateBefore != nil, newest.stored.position > 0 else {
            plan.emptied.append(room.roomID)
            return
        }
        plan.left.append(
            RoomTask(
                room: room, standing: standing, knownUpTo: knownUpTo, upTo: newest.stored.position, change: nil,
                departure: newest))
    }
}
