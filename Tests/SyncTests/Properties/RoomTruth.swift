import MatrixCore
import Rooms
import RoomsTesting
import Storage

/// What a room's history was, read from what is stored: who may see what follows from that alone. A room that never forked is
/// replayed event by event, without state trees.
struct RoomTruth {
    /// An event with what the room was just before it.
    private struct Moment {
        let event: Event
        let stored: StoredEvent
        let memberships: [String: Membership]
        let visibility: String
    }

    /// An event that a user may see.
    struct Shown {
        let id: String
        /// Its place in the room's timeline.
        let place: Int
        /// Whether the user was not in the room, so that a client need not be told of it.
        let isAway: Bool
    }

    let state: [String: JSONValue]
    /// The keys of state of a room that forked: the last event of a key need not be the one that holds.
    let contested: Set<String>
    private let moments: [Moment]
    private let membershipsNow: [String: Membership]
    /// Places of events before which something is missing.
    private let gaps: [Int]

    /// - Parameter users: who will be asked about.
    init(_ roomID: RoomID, _ worker: TestWorker, users: [UserID]) async throws {
        let reader = worker.rooms.reader
        let room = try await worker.base.record(roomID)
        let stored = try await reader.eventStore.timeline(of: room.nid, oldestAfter: 0, upTo: .max, limit: 100_000)
        let events = try reader.events.parse(stored, in: room)
        gaps = events.indices.filter { events[$0].stored.flags.contains(.followsGap) }
        if zip(events, events.dropFirst()).allSatisfy({ $1.event.prevEvents == [$0.eventID] }) {
            (moments, membershipsNow, state) = try Self.replayed(events)
            contested = []
            return
        }
        var moments: [Moment] = []
        var contested: Set<String> = []
        for event in events {
            guard let before = event.stored.stateBefore else { continue }
            let snapshot = reader.snapshot(of: room, at: before)
            var memberships: [String: Membership] = [:]
            for user in users { memberships[user.description] = try await snapshot.membership(of: user) }
            moments.append(
                Moment(
                    event: event.event, stored: event.stored, memberships: memberships,
                    visibility: try await snapshot.historyVisibility().rawValue))
            if let key = event.event.fullStateKey { contested.insert("\(key.type)|\(key.key)") }
        }
        var state: [String: JSONValue] = [:]
        var now: [String: Membership] = [:]
        for event in try await reader.current(room)?.allEvents() ?? [] {
            guard let key = event.event.stateKey else { continue }
            state["\(event.event.type)|\(key)"] = try Self.served(event).content.value()
            if event.event.type == EventType.member { now[key] = event.event.membership }
        }
        (self.moments, self.contested, self.state, membershipsNow) = (moments, contested, state, now)
    }

    private static func served(_ event: RoomEvent) throws -> Event {
        event.stored.redactedBy == nil ? event.event : try event.event.redacted()
    }

    private static func replayed(
        _ events: [RoomEvent]
    ) throws -> (moments: [Moment], memberships: [String: Membership], state: [String: JSONValue]) {
        var state: [String: JSONValue] = [:]
        var moments: [Moment] = []
        var memberships: [String: Membership] = [:]
        var visibility = "shared"
        for entry in events {
            let event = entry.event
            moments.append(
                Moment(event: event, stored: entry.stored, memberships: memberships, visibility: visibility))
            guard let key = event.stateKey else { continue }
            state["\(event.type)|\(key)"] = try served(entry).content.value()
            if event.type == EventType.member { memberships[key] = event.membership }
            if event.type == EventType.historyVisibility {
                visibility = event.content["history_visibility"]?.string ?? "shared"
            }
        }
        return (moments, memberships, state)
    }

    func membership(of user: UserID) -> Membership? { membershipsNow[user.description] }

    /// How often the user came into the room.
    func stays(of user: UserID) -> Int {
        moments.count { moment in
            moment.event.type == EventType.member && moment.event.stateKey == user.description
                && moment.event.membership == .join && moment.memberships[user.description] != .join
        }
    }

    var members: (joined: Int64, invited: Int64) {
        (
            Int64(membershipsNow.values.count { $0 == .join }), Int64(membershipsNow.values.count { $0 == .invite })
        )
    }

    /// Whether an event tells of somebody's invite or knock: those show a room in another form.
    static func isOutside(_ event: JSONView, for user: UserID) -> Bool {
        event["type"]?.string == EventType.member && event["state_key"]?.string == user.description
            && ["invite", "knock"].contains(event["content"]?["membership"]?.string)
    }

    // MARK: What may be seen

    /// The events that the user may see, or could see while in the room, oldest first.
    func timeline(for user: UserID, ignoring ignored: UserID?, matching: (Event) -> Bool) -> [Shown] {
        var isIn = membership(of: user) == .join
        var shown: [Shown] = []
        for (place, moment) in moments.enumerated().reversed() {
            let then = moment.memberships[user.description]
            // Whoever comes in later sees shared history.
            if then == .join { isIn = true }
            guard matching(moment.event), !Self.isOutside(moment.event.json, for: user),
                moment.event.stateKey != nil || moment.event.sender != ignored
            else { continue }
            let isOwn = moment.event.type == EventType.member && moment.event.stateKey == user.description
            if isOwn || Self.permits(moment, then, isIn: isIn) {
                shown.append(
                    Shown(id: moment.event.eventID.description, place: place, isAway: then != .join && !isOwn))
            }
        }
        return shown.reversed()
    }

    private static func permits(_ moment: Moment, _ then: Membership?, isIn: Bool) -> Bool {
        if then == .join { return true }
        var visibilities = [moment.visibility]
        if moment.event.type == EventType.historyVisibility {
            visibilities.append(moment.event.content["history_visibility"]?.string ?? "shared")
        }
        return visibilities.contains { visibility in
            switch visibility {
            case "world_readable": true
            case "shared": isIn
            case "invited": then == .invite
            default: false
            }
        }
    }

    /// Whether a piece of a timeline is what it should be: in order, without what may not be seen, and without a hole but where
    /// the user was away.
    func isPiece(_ piece: [String], of shown: [Shown]) -> Bool {
        guard let first = piece.first else { return true }
        guard var place = shown.firstIndex(where: { $0.id == first }) else { return false }
        for id in piece.dropFirst() {
            guard let next = shown[(place + 1)...].firstIndex(where: { $0.id == id }) else { return false }
            // Of a room that forked the state by itself does not tell when somebody was away.
            if contested.isEmpty, shown[(place + 1)..<next].contains(where: { !$0.isAway }) { return false }
            let (before, after) = (shown[place].place, shown[next].place)
            if gaps.contains(where: { before < $0 && $0 <= after }) { return false }
            place = next
        }
        return true
    }

    // MARK: What is unread

    /// What is unread for a member, by a model that knows nothing of how it is counted.
    ///
    /// - Parameters:
    ///   - start: where the member's stay began.
    ///   - receipts: the member's own.
    func unread(for user: UserRecord, since start: Int64, receipts: [ReceiptRecord]) -> UnreadCounts {
        var model = UnreadModel()
        var hasBegun = false
        let roots = threadRoots()
        for moment in moments {
            if !hasBegun, moment.stored.position > start {
                model.join(user.nid)
                hasBegun = true
            }
            let isMessage = moment.event.type == EventType.message && moment.event.sender != user.userID
            let highlights = moment.event.content["highlights"]?.int == user.nid.rawValue
            model.add(
                moment.event.eventID,
                .init(
                    sender: moment.stored.senderNID, root: roots[moment.event.eventID],
                    isSaid: moment.event.type != EventType.member, notified: isMessage ? [user.nid: highlights] : [:],
                    isRedacted: moment.stored.redactedBy != nil))
        }
        if !hasBegun { model.join(user.nid) }
        for receipt in receipts { model.receipt(user.nid, receipt.thread, at: receipt.eventID) }
        return model.counts(for: user.nid)
    }

    /// The thread that each event is in, by what it relates to.
    private func threadRoots() -> [EventID: EventID] {
        let relations = Dictionary(
            uniqueKeysWithValues: moments.compactMap { moment in
                moment.event.relation.map { (moment.event.eventID, $0) }
            })
        var roots: [EventID: EventID] = [:]
        for (event, relation) in relations {
            var relation = relation
            for _ in 0..<3 where relation.type != RelationType.thread {
                if let next = relations[relation.parent] { relation = next }
            }
            if relation.type == RelationType.thread { roots[event] = relation.parent }
        }
        return roots
    }
}
