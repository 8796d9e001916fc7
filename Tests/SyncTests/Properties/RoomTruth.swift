import MatrixCore
import Rooms
import RoomsTesting
import Storage

/// What a room's history was, and who may see what of it by the specification's rules and nothing else.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
struct RoomTruth {
    /// What decides who may see an event: who was in the room just before it, and to whom history was open.
    struct Standing {
        var memberships: [String: Membership] = [:]
        var visibility = "shared"

        mutating func apply(_ event: Event) {
            if event.type == EventType.member, let user = event.stateKey { memberships[user] = event.membership }
            if let visibility = event.namedVisibility { self.visibility = visibility }
        }
    }

    struct Moment {
        let event: Event
        let stored: StoredEvent
        let before: Standing
    }

    /// In the order in which the events came here.
    let moments: [Moment]
    /// Where each event stands in that order.
    let places: [String: Int]
    /// Whether the room's graph ever had two ends. Then states were resolved, and the state before an event is not what all
    /// earlier events have made of it.
    let hasForked: Bool
    /// The content of each state event now, by type and key.
    let state: [String: JSONValue]
    let memberships: [String: Membership]

    /// - Parameter users: who will be asked about.
    init(_ roomID: RoomID, _ worker: TestWorker, users: [UserID]) async throws {
        let reader = worker.rooms.reader
        let room = try await worker.base.record(roomID)
        let stored = try await reader.eventStore.timeline(of: room.nid, oldestAfter: 0, upTo: .max, limit: 100_000)
        let events = try reader.events.parse(stored, in: room)
        hasForked = !zip(events, events.dropFirst()).allSatisfy { $1.event.prevEvents == [$0.event.eventID] }
        var moments: [Moment] = []
        var standing = Standing()
        for entry in events {
            // Of rooms that never forked no stored state is asked: what was said before is what held.
            if hasForked { standing = try await Self.standing(before: entry, in: room, reader, users: users) }
            moments.append(Moment(event: entry.event, stored: entry.stored, before: standing))
            standing.apply(entry.event)
        }
        var (state, memberships) = ([String: JSONValue](), [String: Membership]())
        for entry in try await reader.current(room)?.allEvents() ?? [] {
            guard let key = entry.event.stateKey else { continue }
            let served = entry.stored.redactedBy == nil ? entry.event : try entry.event.redacted()
            state["\(entry.event.type)|\(key)"] = served.content.value()
            if entry.event.type == EventType.member { memberships[key] = entry.event.membership }
        }
        self.moments = moments
        self.state = state
        self.memberships = memberships
        places = Dictionary(
            uniqueKeysWithValues: moments.enumerated().map { ($1.event.eventID.description, $0) })
    }

    private static func standing(
        before event: RoomEvent, in room: RoomRecord, _ reader: RoomReader, users: [UserID]
    ) async throws -> Standing {
        var standing = Standing()
        guard let root = event.stored.stateBefore else { return standing }
        let snapshot = reader.snapshot(of: room, at: root)
        for user in users { standing.memberships[user.description] = try await snapshot.membership(of: user) }
        standing.visibility = try await snapshot.historyVisibility().rawValue
        return standing
    }

    func membership(of user: UserID) -> Membership? { memberships[user.description] }

    var members: (joined: Int64, invited: Int64) {
        (Int64(memberships.values.count { $0 == .join }), Int64(memberships.values.count { $0 == .invite }))
    }

    /// The keys of state of which a room that forked need not hold the last event.
    var contested: Set<String> {
        guard hasForked else { return [] }
        return Set(moments.compactMap { $0.event.fullStateKey.map { "\($0.type)|\($0.key)" } })
    }

    // MARK: Memberships

    /// Where the user came into the room.
    func entrances(of user: UserID) -> [Int] {
        ownPlaces(user).filter {
            moments[$0].event.membership == .join && moments[$0].before.memberships[user.description] != .join
        }
    }

    /// Where the user's last stay ended.
    func departure(of user: UserID) -> Int? {
        ownPlaces(user).last {
            moments[$0].event.membership != .join && moments[$0].before.memberships[user.description] == .join
        }
    }

    private func ownPlaces(_ user: UserID) -> [Int] {
        moments.indices.filter { moments[$0].event.isMembership(of: user) }
    }

    // MARK: Who may see what

    /// The events that the user may see now, by their ids.
    func visible(to user: UserID, ignoring ignored: UserID?, matching: (Event) -> Bool = { _ in true }) -> Set<String> {
        // Up to where history counts as from before the user was a member.
        let lastInside =
            membership(of: user) == .join
            ? moments.count
            : moments.indices.last { moments[$0].before.memberships[user.description] == .join } ?? 0
        return Set(
            moments.enumerated().filter { place, moment in
                guard matching(moment.event) else { return false }
                if moment.event.stateKey == nil, moment.event.sender == ignored { return false }
                return Self.permits(moment, user, isInsideLater: place < lastInside)
            }.map(\.element.event.eventID.description))
    }

    private static func permits(_ moment: Moment, _ user: UserID, isInsideLater: Bool) -> Bool {
        if moment.event.isMembership(of: user) { return true }
        let membership = moment.before.memberships[user.description]
        // An event that changes the visibility is seen by whom either side permits.
        return [moment.before.visibility, moment.event.namedVisibility ?? moment.before.visibility].contains {
            switch $0 {
            case "world_readable": true
            case _ where membership == .join: true
            case "shared": isInsideLater
            case "invited": membership == .invite
            default: false
            }
        }
    }
}

extension Event {
    fileprivate var namedVisibility: String? {
        type == EventType.historyVisibility ? content["history_visibility"]?.string ?? "shared" : nil
    }

    fileprivate func isMembership(of user: UserID) -> Bool {
        type == EventType.member && stateKey == user.description
    }
}
