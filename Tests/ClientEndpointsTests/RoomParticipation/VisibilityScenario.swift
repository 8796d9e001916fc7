import ApusTesting
import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// A room with one user of each kind of past, in which something is said in each phase; and, in the specification's words, who
/// may see what of it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
struct VisibilityScenario: CustomTestStringConvertible {
    /// Until after the third phase.
    let first: String
    let then: String

    var testDescription: String { "\(first), then \(then)" }

    static let all = [
        VisibilityScenario(first: "world_readable", then: "world_readable"),
        VisibilityScenario(first: "shared", then: "shared"), VisibilityScenario(first: "invited", then: "invited"),
        VisibilityScenario(first: "joined", then: "joined"), VisibilityScenario(first: "shared", then: "joined"),
        VisibilityScenario(first: "joined", then: "shared"),
        VisibilityScenario(first: "world_readable", then: "joined"),
        VisibilityScenario(first: "invited", then: "world_readable"),
    ]

    enum Kind: String, CaseIterable {
        case stranger, invited, joined, left, banned, rejoined

        /// The membership while each of the five messages is said.
        var memberships: [Membership?] {
            switch self {
            case .stranger: [nil, nil, nil, nil, nil]
            case .invited: [nil, .invite, .invite, .invite, .invite]
            case .joined: [nil, .invite, .join, .join, .join]
            case .left: [nil, .invite, .join, .leave, .leave]
            case .banned: [nil, .invite, .join, .ban, .ban]
            case .rejoined: [nil, .invite, .join, .leave, .join]
            }
        }
    }

    static let phases = 5
    /// In this phase some leave, and the visibility has just changed.
    static let departure = 3

    func visibility(in phase: Int) -> String { phase < Self.departure ? first : then }

    /// Whether the user may read anything of the room at all, now.
    func mayRead(_ kind: Kind) -> Bool {
        switch kind {
        case .joined, .rejoined, .left, .banned: true
        case .stranger, .invited: then == "world_readable"
        }
    }

    /// The rules as the specification counts them.
    func maySee(_ phase: Int, _ kind: Kind) -> Bool {
        let (visibility, membership) = (visibility(in: phase), kind.memberships[phase])
        if !mayRead(kind) { return false }
        if visibility == "world_readable" { return true }
        if membership == .join { return true }
        if visibility == "shared", kind.memberships[phase...].contains(.join) { return true }
        return membership == .invite && visibility == "invited"
    }

    func visible(to kind: Kind) -> [Int] { (0..<Self.phases).filter { maySee($0, kind) } }

    /// Which name of the room the user is told: the present one, or the one when they left.
    func name(for kind: Kind) -> String? {
        guard mayRead(kind) else { return nil }
        return kind == .left || kind == .banned ? "2" : "4"
    }
}

/// The scenario, played.
struct PlayedScenario {
    let api: SyncAPI
    let scenario: VisibilityScenario
    let room: String
    /// A token from before the first phase.
    let beginning: String
    private(set) var messages: [String] = []
    private(set) var times: [Int64] = []
    private var count = 0

    init(_ scenario: VisibilityScenario, _ api: SyncAPI) async throws {
        self.api = api
        self.scenario = scenario
        let created = await api.ask(
            .post, "/createRoom",
            [
                "preset": "public_chat",
                "initial_state": [
                    [
                        "type": "m.room.history_visibility", "state_key": "",
                        "content": ["history_visibility": .string(scenario.first)],
                    ]
                ],
            ], as: "alice")
        room = try #require(created["room_id"]?.string)
        beginning = try #require(await api.ask(.get, "/sync", as: "alice")["next_batch"]?.string)
        for phase in 0..<VisibilityScenario.phases {
            try await begin(phase)
            try await say(phase)
        }
    }

    private func users(_ kinds: VisibilityScenario.Kind...) -> [String] { kinds.map(\.rawValue) }

    private func begin(_ phase: Int) async throws {
        switch phase {
        case 1:
            for user in users(.invited, .joined, .left, .banned, .rejoined) {
                try await done(.post, "invite", ["user_id": .string("@\(user):example.org")], as: "alice")
            }
        case 2: for user in users(.joined, .left, .banned, .rejoined) { try await done(.post, "join", [:], as: user) }
        case VisibilityScenario.departure:
            try await done(
                .put, "state/m.room.history_visibility", ["history_visibility": .string(scenario.then)], as: "alice")
            for user in users(.left, .rejoined) { try await done(.post, "leave", [:], as: user) }
            try await done(.post, "ban", ["user_id": "@banned:example.org"], as: "alice")
        case 4: for user in users(.rejoined) { try await done(.post, "join", [:], as: user) }
        default: break
        }
    }

    /// A message, the room's name, a reaction to it, and a thread that begins at it.
    private mutating func say(_ phase: Int) async throws {
        try await done(.put, "state/m.room.name", ["name": .string("\(phase)")], as: "alice")
        let message = try await send("m.room.message", ["msgtype": "m.text", "body": .string("\(phase)")])
        messages.append(message)
        let event = await api.ask(.get, "/rooms/\(room)/event/\(message)", as: "alice")
        times.append(try #require(event["origin_server_ts"]?.int))
        for type in ["m.annotation", "m.thread"] {
            _ = try await send(
                type == "m.thread" ? "m.room.message" : "m.reaction",
                [
                    "body": .string("about \(phase)"),
                    "m.relates_to": ["rel_type": .string(type), "event_id": .string(message), "key": "k"],
                ])
        }
    }

    private mutating func send(_ type: String, _ content: JSONValue) async throws -> String {
        count += 1
        let sent = await api.ask(.put, "/rooms/\(room)/send/\(type)/\(count)", content, as: "alice")
        return try #require(sent["event_id"]?.string)
    }

    private func done(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue, as user: String) async throws {
        let answer = await api.ask(method, "/rooms/\(room)/\(path)", body, as: user)
        guard answer.status == 200 else { throw TestingError("\(path) as \(user): \(answer)") }
    }

    /// The phases of the messages among some events.
    static func phases(_ events: JSONValue?) -> [Int] {
        (events?.array ?? []).compactMap { $0["content"]?["body"]?.string.flatMap { Int($0) } }.sorted()
    }
}
