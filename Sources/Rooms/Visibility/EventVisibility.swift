import MatrixCore
package import Storage

/// Decides which events someone may see. The one place that does: syncs, pagination, context, single events and federation
/// all ask here.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
package struct EventVisibility: Sendable {
    /// How many membership changes are walked back to find the last stay of somebody who is not in the room.
    private static let maxMembershipsWalked = 16

    private let reader: RoomReader

    package init(reader: RoomReader) { self.reader = reader }

    /// What is needed to know of a user before they read a room.
    ///
    /// Cost: one query, two for who has left.
    package func viewer(_ user: UserRecord, of room: RoomRecord) async throws -> Viewer {
        guard let (record, _) = try await reader.memberships.membership(of: user.nid, in: room.nid) else {
            return Viewer(user: user, membership: nil)
        }
        return try await viewer(user, of: room, as: record)
    }

    /// The same for a user whose membership is known.
    package func viewer(
        _ user: UserRecord, of room: RoomRecord, as record: MembershipRecord
    ) async throws -> Viewer {
        let leftAt = record.membership == .join ? nil : try await departure(of: user, from: room, by: record.eventNID)
        return Viewer(user: user, membership: record, leftAt: leftAt)
    }

    /// Just after the event that ended the user's last stay in the room; `nil` when they were never joined. A leave can be
    /// followed by an invite, a refusal and a ban.
    private func departure(of user: UserRecord, from room: RoomRecord, by event: EventNID) async throws
        -> TimelinePoint?
    {
        var next: EventNID? = event
        for _ in 0..<Self.maxMembershipsWalked {
            guard let nid = next, let change = try await reader.events.event(nid, in: room),
                let before = change.stored.stateBefore,
                let previous = try await reader.snapshot(of: room, at: before).event(
                    EventType.member, user.userID.description)
            else { return nil }
            if Membership(content: previous.event.content) == .join { return .after(change.stored) }
            next = previous.nid
        }
        return nil
    }

    /// The events that the viewer may see, in the order given.
    package func visible(_ events: [RoomEvent], to viewer: Viewer, in room: RoomRecord) async throws -> [RoomEvent] {
        var cache: [StateRoot: (HistoryVisibility, Membership?)] = [:]
        var visible: [RoomEvent] = []
        visible.reserveCapacity(events.count)
        for event in events where try await isVisible(event, to: viewer, in: room, cache: &cache) {
            visible.append(event)
        }
        return visible
    }

    package func isVisible(_ event: RoomEvent, to viewer: Viewer, in room: RoomRecord) async throws -> Bool {
        var cache: [StateRoot: (HistoryVisibility, Membership?)] = [:]
        return try await isVisible(event, to: viewer, in: room, cache: &cache)
    }

    private func isVisible(
        _ event: RoomEvent, to viewer: Viewer, in room: RoomRecord,
        cache: inout [StateRoot: (HistoryVisibility, Membership?)]
    ) async throws -> Bool {
        guard event.stored.flags.isShown, let before = event.stored.stateBefore else { return false }
        if event.event.stateKey == nil, viewer.ignored.contains(event.event.sender) { return false }
        if isOwnMembership(event, viewer) || viewer.joinedIn.contains(before) { return true }
        let at: (visibility: HistoryVisibility, membership: Membership?)
        if let known = cache[before] {
            at = known
        } else {
            let snapshot = reader.snapshot(of: room, at: before)
            let membership: Membership? =
                if let user = viewer.user { try await snapshot.membership(of: user.userID) } else { nil }
            // Members see what is sent among them, whatever is said of others.
            at = (membership == .join ? .joined : try await snapshot.historyVisibility(), membership)
            cache[before] = at
        }
        // An event that changes the visibility is seen by whom either side permits.
        return Self.permits(at.visibility, at.membership, event, viewer)
            || Self.permits(event.changedHistoryVisibility ?? at.visibility, at.membership, event, viewer)
    }

    /// Whoever is invited, joins, or is removed sees the event that says so.
    private func isOwnMembership(_ event: RoomEvent, _ viewer: Viewer) -> Bool {
        guard let user = viewer.user, event.event.type == EventType.member else { return false }
        return event.event.stateKey == user.userID.description
    }

    private static func permits(
        _ visibility: HistoryVisibility, _ membership: Membership?, _ event: RoomEvent, _ viewer: Viewer
    ) -> Bool {
        if visibility == .worldReadable || membership == .join { return true }
        switch visibility {
        case .worldReadable: return true
        case .shared:
            // Joined at any time after the event: now in the room, or left after it.
            if viewer.isJoined { return true }
            guard let leftAt = viewer.leftAt else { return false }
            return TimelinePoint.before(event.stored) < leftAt
        case .invited: return membership == .invite
        case .joined: return false
        }
    }
}
