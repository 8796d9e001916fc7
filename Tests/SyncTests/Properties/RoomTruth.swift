import MatrixCore
import Rooms
import RoomsTesting
import Storage

/// What a room's history was, read from what is stored and replayed event by event: who may see what follows from that alone,
/// without state trees.
struct RoomTruth {
    /// An event with what the room was just before it.
    private struct Moment {
        let event: Event
        let memberships: [String: Membership]
        let visibility: String
    }

    let state: [String: JSONValue]
    private let moments: [Moment]
    private let membershipsNow: [String: Membership]

    /// Reads a room whose events were all sent here, one after the other.
    init(_ roomID: RoomID, _ worker: TestWorker) async throws {
        let room = try await worker.base.record(roomID)
        let stored = try await worker.rooms.reader.eventStore.timeline(
            of: room.nid, oldestAfter: 0, upTo: .max, limit: 100_000)
        var state: [String: JSONValue] = [:]
        var moments: [Moment] = []
        var memberships: [String: Membership] = [:]
        var visibility = "shared"
        for event in try worker.rooms.reader.events.parse(stored, in: room) {
            let (event, served) = (
                event.event, event.stored.redactedBy == nil ? event.event : try event.event.redacted()
            )
            moments.append(Moment(event: event, memberships: memberships, visibility: visibility))
            guard let key = event.stateKey else { continue }
            state["\(event.type)|\(key)"] = served.content.value()
            if event.type == EventType.member { memberships[key] = event.membership }
            if event.type == EventType.historyVisibility {
                visibility = event.content["history_visibility"]?.string ?? "shared"
            }
        }
        (self.state, self.moments, membershipsNow) = (state, moments, memberships)
    }

    func membership(of user: UserID) -> Membership? { membershipsNow[user.description] }

    /// Whether an event tells of somebody's invite or knock: those show a room in another form.
    static func isOutside(_ event: JSONView, for user: UserID) -> Bool {
        event["type"]?.string == EventType.member && event["state_key"]?.string == user.description
            && ["invite", "knock"].contains(event["content"]?["membership"]?.string)
    }

    /// The ids of the events that the user may see now, oldest first.
    func timeline(for user: UserID, ignoring ignored: UserID?, matching: (Event) -> Bool) -> [String] {
        let lastDeparture = moments.lastIndex { moment in
            isMember(moment.event, user) && moment.memberships[user.description] == .join
                && moment.event.membership != .join
        }
        return moments.enumerated().filter { place, moment in
            guard matching(moment.event), !Self.isOutside(moment.event.json, for: user) else { return false }
            if moment.event.stateKey == nil, moment.event.sender == ignored { return false }
            if isMember(moment.event, user) { return true }
            let then = moment.memberships[user.description]
            if then == .join { return true }
            var visibilities = [moment.visibility]
            if moment.event.type == EventType.historyVisibility {
                visibilities.append(moment.event.content["history_visibility"]?.string ?? "shared")
            }
            return visibilities.contains { visibility in
                switch visibility {
                case "shared": membership(of: user) == .join || place < lastDeparture ?? -1
                case "invited": then == .invite
                default: false
                }
            }
        }.map(\.element.event.eventID.description)
    }

    private func isMember(_ event: Event, _ user: UserID) -> Bool {
        event.type == EventType.member && event.stateKey == user.description
    }
}
