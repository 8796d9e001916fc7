import FederationAPI
import HTTPAPI
import MatrixCore
import NIOCore
import Synchronization
import Testing

/// Another server with one room, in memory: it makes real events, and answers from them, truthfully unless told otherwise.
final class ResidentServer: Sendable {
    typealias Change = @Sendable (JSONValue) -> JSONValue
    typealias Place = [StateKey: Event]

    private struct State {
        var events: [Event] = []
        var current: Place = [:]
        var changes: [String: Change] = [:]
        var refusals: [String: (status: Int, errcode: String)] = [:]
        var calls: [String] = []
    }

    let name: ServerName
    let key: SigningKey
    let version: RoomVersion
    private let state = Mutex(State())

    /// A room by `@anna`, or somebody else, who is in it.
    init(
        _ name: String = "remote.test:8448", version: RoomVersion = .v12, joinRule: JSONValue = ["join_rule": "public"],
        creator: String = "anna"
    ) throws {
        self.name = try #require(ServerName(name))
        self.version = version
        key = try #require(SigningKey(version: "r", seed: Array(repeating: 9, count: 32)))
        let anna = user(creator)
        var content: JSONValue = ["room_version": .string(version.identifier)]
        if !version.authorization.creatorIsSender { content["creator"] = .string(anna.description) }
        try add(EventType.create, "", by: anna, content)
        try add(EventType.member, anna.description, by: anna, ["membership": "join"])
        try add(
            EventType.powerLevels, "", by: anna,
            ["users": version == .v12 ? [:] : [anna.description: 100], "invite": 0])
        try add(EventType.joinRules, "", by: anna, joinRule)
        try add(EventType.historyVisibility, "", by: anna, ["history_visibility": "shared"])
    }

    func user(_ localpart: String) -> UserID { UserID("@\(localpart):\(name)")! }

    var events: [Event] { state.withLock { $0.events } }
    var current: Place { state.withLock { $0.current } }
    var roomID: RoomID { events[0].roomID }
    /// The operations that were called, such as `make_join`.
    var calls: [String] { state.withLock { $0.calls } }

    /// Changes the answers of an operation.
    func change(_ operation: String, _ change: @escaping Change) { state.withLock { $0.changes[operation] = change } }

    func refuse(_ operation: String, _ status: Int, _ errcode: String) {
        state.withLock { $0.refusals[operation] = (status, errcode) }
    }

    @discardableResult
    func say(_ text: String, by localpart: String = "anna") throws -> Event {
        try add(EventType.message, nil, by: user(localpart), ["msgtype": "m.text", "body": .string(text)])
    }

    @discardableResult
    func add(_ type: String, _ stateKey: String?, by sender: UserID, _ content: JSONValue) throws -> Event {
        let event = try build(type, stateKey, by: sender, content).signed(by: name, with: key)
        accept(event)
        return event
    }

    /// An event on the head of the room.
    func build(_ type: String, _ stateKey: String?, by sender: UserID, _ content: JSONValue) throws -> EventBuilder {
        let (last, place) = state.withLock { ($0.events.last, $0.current) }
        let roomID = last?.roomID ?? (version.namesRoomByCreateEvent ? nil : RoomID("!room:\(name)"))
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: type, stateKey: stateKey, sender: sender, content: content)
        let selection = AuthRules(version: version).selection(
            type: type, stateKey: stateKey, sender: sender, content: try builder.contentDocument().root)
        builder.authEvents = selection.compactMap { place[$0]?.eventID }
        builder.prevEvents = last.map { [$0.eventID] } ?? []
        builder.depth = (last?.depth ?? 0) + 1
        builder.originServerTS = 1_700_000_000_000 + builder.depth
        if version.eventIDFormat == .chosen { builder.chosenEventID = EventID("$\(builder.depth)\(type):\(name)") }
        return builder
    }

    func accept(_ event: Event) {
        state.withLock { state in
            state.events.append(event)
            if let key = event.fullStateKey { state.current[key] = event }
        }
    }

    // MARK: Answers

    func answer(_ request: OutboundRequest) throws -> (status: Int, body: [UInt8]) {
        let call = try ResidentCall(request)
        let (refusal, change) = state.withLock { state in
            state.calls.append(call.operation)
            return (state.refusals[call.operation], state.changes[call.operation])
        }
        if let refusal {
            return (
                refusal.status, JSONValue.object(["errcode": .string(refusal.errcode), "error": "no"]).canonicalBytes
            )
        }
        guard let answer = try answer(call) else {
            return (404, JSONValue.object(["errcode": "M_NOT_FOUND", "error": "no"]).canonicalBytes)
        }
        return (200, (change?(answer) ?? answer).canonicalBytes)
    }

    private func answer(_ call: ResidentCall) throws -> JSONValue? {
        switch call.operation {
        case "make_join": try template(call, "join")
        case "make_leave": try template(call, "leave")
        case "make_knock": try template(call, "knock")
        case "send_join": try join(call)
        case "send_leave":
            try {
                accept(try received(call)); return [:]
            }()
        case "send_knock": try knock(call)
        case "invite": try invite(call)
        case "event": event(call.segments.first).map { ["pdus": [Self.json($0)]] }
        case "state_ids", "state": stateAnswer(call)
        case "backfill": backfill(call)
        case "timestamp_to_event": eventAtTime(call)
        case "query":
            call.query["room_alias"]?.first == "#room:\(name)"
                ? ["room_id": .string(roomID.description), "servers": [.string(name.description)]] : nil
        default: nil
        }
    }

    private func template(_ call: ResidentCall, _ membership: String) throws -> JSONValue {
        let user = try #require(call.segments.last.flatMap { UserID($0) })
        var content: JSONValue = ["membership": .string(membership)]
        if membership == "join", current[.joinRules]?.content["join_rule"]?.stringEquals("restricted") == true {
            content["join_authorised_via_users_server"] = .string(self.user("anna").description)
        }
        let event = try build(EventType.member, user.description, by: user, content).template()
        return ["room_version": .string(version.identifier), "event": try JSONValue(parsing: event)]
    }

    private func received(_ call: ResidentCall) throws -> Event {
        try Event.receive(try #require(call.body?.root), in: version).event
    }

    private func join(_ call: ResidentCall) throws -> JSONValue {
        var event = try received(call)
        if event.authorisingServer == name { event = try event.signed(by: name, with: key) }
        let before = Array(current.values)
        accept(event)
        return [
            "state": .array(before.map(Self.json)), "auth_chain": .array(chain(of: before + [event]).map(Self.json)),
            "event": Self.json(event), "origin": .string(name.description), "members_omitted": false,
        ]
    }

    private func knock(_ call: ResidentCall) throws -> JSONValue {
        accept(try received(call))
        let told = [StateKey.create, .joinRules].compactMap { current[$0] }
        return ["knock_room_state": .array(told.map(Self.json))]
    }

    private func invite(_ call: ResidentCall) throws -> JSONValue {
        let body = try #require(call.body)
        let event = try Event.receive(try #require(body["event"]), in: version).event
        #expect(body["room_version"]?.stringEquals(version.identifier) == true)
        #expect(body["invite_room_state"]?.array?.contains { $0["type"]?.string == EventType.create } == true)
        return ["event": Self.json(try event.signed(by: name, with: key))]
    }

    private func stateAnswer(_ call: ResidentCall) -> JSONValue? {
        let events = events
        guard let end = events.firstIndex(where: { $0.eventID.description == call.query["event_id"]?.first }) else {
            return nil
        }
        let place = AuthStateMap(events[..<end]).events
        let (pdus, chain) = (Array(place.values), chain(of: Array(place.values)))
        guard call.operation == "state_ids" else {
            return ["pdus": .array(pdus.map(Self.json)), "auth_chain": .array(chain.map(Self.json))]
        }
        return [
            "pdu_ids": .array(pdus.map { .string($0.eventID.description) }),
            "auth_chain_ids": .array(chain.map { .string($0.eventID.description) }),
        ]
    }

    private func backfill(_ call: ResidentCall) -> JSONValue {
        let limit = call.query["limit"]?.first.flatMap { Int($0) } ?? 0
        var open = (call.query["v"] ?? []).compactMap { event($0) }
        var found: [Event] = []
        while found.count < limit, let next = open.max(by: { $0.depth < $1.depth }) {
            open.removeAll { $0 == next }
            found.append(next)
            open += next.prevEvents.compactMap { event($0.description) }.filter { !found.contains($0) }
        }
        return ["origin": .string(name.description), "origin_server_ts": 1, "pdus": .array(found.map(Self.json))]
    }

    private func eventAtTime(_ call: ResidentCall) -> JSONValue? {
        guard let time = call.query["ts"]?.first.flatMap({ Int64($0) }) else { return nil }
        let found =
            call.query["dir"] == ["f"]
            ? events.first { $0.originServerTS >= time } : events.last { $0.originServerTS <= time }
        return found.map {
            ["event_id": .string($0.eventID.description), "origin_server_ts": .integer($0.originServerTS)]
        }
    }

    private func event(_ id: String?) -> Event? { events.first { $0.eventID.description == id } }

    private func chain(of events: [Event]) -> [Event] {
        let known = Dictionary(self.events.map { ($0.eventID, $0) }, uniquingKeysWith: { one, _ in one })
        var open = events.flatMap(\.authEvents)
        var found: [EventID: Event] = [:]
        while let id = open.popLast() {
            guard found[id] == nil, let event = known[id] else { continue }
            found[id] = event
            open += event.authEvents
        }
        return Array(found.values)
    }

    static func json(_ event: Event) -> JSONValue { event.json.value() }
}

/// A request taken apart: `/_matrix/federation/v1/make_join/{room}/{user}?ver=12`.
struct ResidentCall {
    let operation: String
    let segments: [String]
    let query: [String: [String]]
    let body: JSONDocument?

    init(_ request: OutboundRequest) throws {
        let parts = request.url.target.split(separator: "?", maxSplits: 1)
        let path = parts[0].split(separator: "/").map { Self.decode($0) }
        operation = path.count > 3 ? path[3] : ""
        segments = Array(path.dropFirst(4))
        var query: [String: [String]] = [:]
        for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { query[Self.decode(pair[0]), default: []].append(Self.decode(pair[1])) }
        }
        self.query = query
        body = try request.body.map { try JSONDocument(parsing: Array($0.readableBytesView)) }
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
