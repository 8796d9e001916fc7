package import MatrixCore
package import Storage

/// Decides which events another server may have whole, and which only pruned: that an event is there, and what it does to the
/// room, every server in the room may know.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
package struct ServerVisibility: Sendable {
    /// Users of a server whose memberships at an event are looked at, at most; whoever is in a room with more was joined
    /// long before that.
    private static let maxUsers = 2_000
    private static let usersAtOnce = 200

    private let reader: RoomReader

    package init(reader: RoomReader) { self.reader = reader }

    /// The events as a server that is in the room now may have them, in the order given.
    ///
    /// Cost: nothing but memory where the history is for all members; otherwise a few look-ups for each state that the
    /// events stand on.
    package func served(_ events: [RoomEvent], to server: ServerName, in room: RoomRecord) async throws -> [Event] {
        var states = States(server: server)
        var served: [Event] = []
        served.reserveCapacity(events.count)
        let erased = try await reader.erased.senders(of: events)
        for event in events {
            var isWhole =
                if event.stored.redactedBy == nil { try await isVisible(event, in: room, &states) } else { false }
            if isWhole, erased.contains(event.stored.senderNID), let before = event.stored.stateBefore {
                isWhole = try await standing(at: before, in: room, &states) == .join
            }
            served.append(isWhole ? event.event : try event.event.redacted())
        }
        return served
    }

    /// What was found out about the states that the events stand on.
    private struct States {
        let server: ServerName
        var visibilities: [StateRoot: HistoryVisibility] = [:]
        var standings: [StateRoot: Membership?] = [:]
        /// The server's users who ever had to do with the room, those who are joined now first.
        var users: [UserID]?
    }

    private func isVisible(_ event: RoomEvent, in room: RoomRecord, _ states: inout States) async throws -> Bool {
        // A server always learns what becomes of its own users.
        if event.event.memberUserID?.serverName == states.server { return true }
        // Without a place in the graph it is part of a state or of an auth chain, which every member has.
        guard let before = event.stored.stateBefore else { return event.event.isState }
        let visibility: HistoryVisibility
        if let known = states.visibilities[before] {
            visibility = known
        } else {
            visibility = try await reader.snapshot(of: room, at: before).historyVisibility()
            states.visibilities[before] = visibility
        }
        // An event that changes the visibility is seen by whom either side permits.
        for visibility in [visibility, event.changedHistoryVisibility ?? visibility] {
            switch visibility {
            case .worldReadable, .shared: return true
            case .invited, .joined:
                let standing = try await standing(at: before, in: room, &states)
                if standing == .join || (standing == .invite && visibility == .invited) { return true }
            }
        }
        return false
    }

    /// `join` when a user of the server was joined in a state, `invite` when one was at least invited.
    private func standing(
        at root: StateRoot, in room: RoomRecord, _ states: inout States
    ) async throws -> Membership? {
        if let known = states.standings[root] { return known }
        let users: [UserID]
        if let known = states.users { users = known } else { users = try await self.users(of: states.server, in: room) }
        states.users = users
        let snapshot = reader.snapshot(of: room, at: root)
        var best: Membership?
        for start in stride(from: 0, to: users.count, by: Self.usersAtOnce) where best != .join {
            let some = users[start..<min(start + Self.usersAtOnce, users.count)]
            for member in try await snapshot.events(some.map { StateKey.member($0) }).values {
                switch member.event.membership {
                case .join: best = .join
                case .invite where best != .join: best = .invite
                default: break
                }
            }
        }
        states.standings[root] = .some(best)
        return best
    }

    private func users(of server: ServerName, in room: RoomRecord) async throws -> [UserID] {
        let nid = try await reader.interning.server(server)
        let nids = try await reader.memberships.users(of: nid, in: room.nid, limit: Self.maxUsers)
        let users = try await reader.interning.users(nids)
        return nids.compactMap { users[$0]?.userID }
    }
}

extension RoomEvent {
    /// The visibility that the event gives the room from then on, if it is one that does.
    var changedHistoryVisibility: HistoryVisibility? {
        guard event.type == EventType.historyVisibility, event.stateKey == "" else { return nil }
        return event.content["history_visibility"]?.string.flatMap { HistoryVisibility(rawValue: $0) }
    }
}
