import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// What is asked of the database about one room at a time, put together with what is asked at the same moment about other rooms,
/// or about the same one for others: an answer of a thousand rooms takes some dozens of queries, and a change in a room of
/// a thousand members is looked up once.
final class RoomQuestions: Sendable {
    private let reader: RoomReader
    private let log: LogStore
    private let states: SharedQuestions<LogSpan, [LogSpan: LogStateChange]>
    private let timelines: SharedQuestions<LiveStretch, [LiveStretch: [StoredEvent]]>
    private let members: SharedQuestions<RoomNID, [RoomNID: Members]>
    private let firstMembers: SharedQuestions<RoomNID, [RoomNID: FirstOfRoom]>
    private let names: SharedQuestions<StateKeyNID, [StateKeyNID: StateKey]>
    private let numbers: SharedQuestions<StateKey, [StateKey: StateKeyNID]>

    /// The first members of a room, and who they are.
    struct FirstOfRoom: Sendable {
        var members = FirstMembers()
        var users: [UserNID: UserID] = [:]

        func heroes(besides user: UserNID) -> [UserID] { members.heroes(besides: user).compactMap { users[$0] } }
    }

    /// How many are in a room.
    struct Members: Sendable {
        var joined = 0
        var invited = 0
    }

    /// - Parameter moment: how long a question waits for others to join, where many are sure to come.
    init(reader: RoomReader, log: LogStore, clock: any Clock, moment: Duration = .zero) {
        self.reader = reader
        self.log = log
        states = SharedQuestions(moment: moment, clock: clock)
        timelines = SharedQuestions(moment: moment, clock: clock)
        members = SharedQuestions(moment: moment, clock: clock)
        firstMembers = SharedQuestions(moment: moment, clock: clock)
        names = SharedQuestions(moment: moment, clock: clock)
        numbers = SharedQuestions(moment: moment, clock: clock)
    }

    /// The states of a room at two places; `empty` before its first events.
    func states(of span: LogSpan) async throws -> LogStateChange {
        try await states.ask([span]) { [log] in try await log.states(of: $0) }[span]
            ?? LogStateChange(before: .empty, after: .empty)
    }

    /// The newest events of a stretch, newest first.
    func timeline(_ stretch: LiveStretch) async throws -> [StoredEvent] {
        try await timelines.ask([stretch]) { [reader] in try await reader.eventStore.timelines($0) }[stretch] ?? []
    }

    func members(of room: RoomNID) async throws -> Members {
        try await members.ask([room]) { [reader] rooms in
            try await reader.memberships.counts(of: Array(rooms)).mapValues {
                Members(joined: $0.joined, invited: $0.invited)
            }
        }[room] ?? Members()
    }

    /// After whom the room may be named.
    func firstMembers(of room: RoomNID) async throws -> FirstOfRoom {
        try await firstMembers.ask([room]) { [reader] rooms in
            let members = try await reader.memberships.firstMembers(of: Array(rooms))
            let users = try await reader.interning.users(Set(members.values.flatMap { $0.present + $0.past }))
            return members.mapValues { members in
                let named = (members.present + members.past).compactMap { nid in users[nid].map { (nid, $0.userID) } }
                return FirstOfRoom(members: members, users: Dictionary(named, uniquingKeysWith: { one, _ in one }))
            }
        }[room] ?? FirstOfRoom()
    }

    /// The types and keys that some numbers stand for.
    func stateKeys(_ wanted: Set<StateKeyNID>) async throws -> [StateKeyNID: StateKey] {
        let known = reader.interning.cached(wanted)
        guard known.count < wanted.count else { return known }
        let missing = wanted.filter { known[$0] == nil }
        let found = try await names.ask(missing) { [reader] in try await reader.interning.stateKeys($0) }
        return known.merging(found.filter { missing.contains($0.key) }) { known, _ in known }
    }

    /// State that clients ask for in every room, whether or not anybody ever set it.
    private static let commonKeys = Set(
        [
            EventType.create, EventType.name, EventType.topic, EventType.avatar, EventType.canonicalAlias,
            EventType.encryption, EventType.tombstone, EventType.joinRules, EventType.historyVisibility,
            EventType.guestAccess, EventType.powerLevels, EventType.pinnedEvents, EventType.serverACL,
        ].map { StateKey($0) })

    /// The numbers of those types and keys that have one.
    func numbers(of wanted: Set<StateKey>) async throws -> [StateKey: StateKeyNID] {
        let known = reader.interning.cached(wanted)
        guard known.count < wanted.count else { return known }
        let missing = wanted.filter { known[$0] == nil }
        let found = try await numbers.ask(missing) { [reader] keys in
            // Given numbers where there are none yet, or else that would be asked about each time.
            let common = try await reader.interning.stateKeys(Array(keys.intersection(Self.commonKeys)))
            let others = try await reader.interning.knownStateKeys(Array(keys.subtracting(Self.commonKeys)))
            return common.merging(others) { common, _ in common }
        }
        return known.merging(found.filter { missing.contains($0.key) }) { known, _ in known }
    }
}
