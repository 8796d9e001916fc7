import ApusTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// A room whose state another server crafted: wrong types everywhere, in whatever anybody reads. Beside it stands a good one.
struct HostileRoom {
    let api: SyncAPI
    let room: String
    let good: String
    /// What was written into the hostile room.
    private(set) var events: [EventID] = []

    private let record: RoomRecord
    private let server: PeerServer
    private let mallory: UserID
    private var view: PeerView

    /// What a member of a content is instead of what it should be.
    private static let nonsense: [JSONValue] = [
        7, true, .null, "", "\u{0}\u{FFFF}", [1, [2]], ["x": ["y": []]], -1,
        .string(String(repeating: "x", count: 20_000)),
        ["event_id": ["rel_type": 3]], [["type": "m.room_membership", "room_id": 1]],
    ]
    /// Members of contents that somebody reads.
    private static let members = [
        "name", "topic", "m.topic", "url", "info", "alias", "alt_aliases", "history_visibility", "guest_access",
        "algorithm", "body", "replacement_room", "allow", "deny", "allow_ip_literals", "pinned", "via", "suggested",
        "order", "canonical", "displayname", "avatar_url", "reason", "is_direct", "m.relates_to", "m.mentions",
        "m.new_content", "msgtype", "format", "formatted_body", "type", "predecessor", "public_key", "public_keys",
        "key_validity_url", "display_name", "sticky", "service_members", "third_party_signed", "device_id",
    ]
    private static let stateTypes = [
        EventType.name, EventType.topic, EventType.avatar, EventType.canonicalAlias, EventType.historyVisibility,
        EventType.guestAccess, EventType.encryption, EventType.tombstone, EventType.serverACL, EventType.pinnedEvents,
        EventType.spaceChild, EventType.spaceParent, "m.room.third_party_invite", "m.room.policy", "m.room.aliases",
        "im.vector.modular.widgets", "org.matrix.msc3401.call.member",
    ]

    init(_ api: SyncAPI, version: RoomVersion) async throws {
        self.api = api
        let worker = api.worker
        let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
        let roomID = try await worker.room(by: alice, members: [bob], version: version) { $0.name = "before" }
        room = roomID.description
        good = try await worker.room(by: alice, members: [bob]) { $0.name = "Good" }.description
        record = try await worker.record(roomID)
        server = try PeerServer("mallory.example")
        mallory = try server.user("mallory")
        var levels: [String: JSONValue] = [mallory.description: 100]
        if version != .v12 { levels["@alice:example.org"] = 100 }
        try await worker.set(EventType.powerLevels, to: ["users": .object(levels)], in: roomID, as: alice)
        view = try await worker.view(of: record)
        try await receive(try view.join(mallory, of: server))
        try await worker.say("hello", in: try #require(RoomID(good)), as: alice)
    }

    private mutating func receive(_ event: Event) async throws {
        let result = try await api.worker.receive(event, in: record)
        if case .written = result { events.append(event.eventID) }
    }

    private mutating func send(_ type: String, _ key: String? = nil, _ content: JSONValue) async throws {
        // What is no event at all never gets here; what the rules refuse is no part of the room.
        guard let event = try? view.send(type, stateKey: key, content, as: mallory, of: server) else { return }
        try await receive(event)
    }

    // MARK: What is done to it

    /// Sends everything in wrong types, and at last leaves all state in one of them.
    mutating func spoil(with final: Int) async throws {
        for number in [(final + 3) % Self.nonsense.count, final] {
            let wrong = Self.nonsense[number]
            let content = JSONValue.object(
                Dictionary(uniqueKeysWithValues: Self.members.map { ($0, wrong) }))
            for type in Self.stateTypes {
                for key in type == EventType.spaceChild || type == EventType.spaceParent ? ["", good, "x"] : [""] {
                    try await send(type, key, Self.fitting(content, wrong))
                }
            }
            try await send(EventType.member, mallory.description, Self.member(wrong))
            try await send(
                EventType.member, try server.user("zoe").description, ["membership": "invite", "displayname": wrong])
            try await send(EventType.powerLevels, "", ["notifications": wrong, "users": wrong])
            for type in [EventType.message, EventType.encrypted, "m.reaction", "m.poll.start", "m.call.invite", "x\n"] {
                try await send(type, nil, Self.fitting(content, wrong))
            }
            try await relate(wrong)
        }
    }

    /// The long nonsense fits into an event only once.
    private static func fitting(_ content: JSONValue, _ wrong: JSONValue) -> JSONValue {
        guard case .string(let text) = wrong, text.utf8.count > 1_000 else { return content }
        return ["name": wrong, "body": "x", "topic": 1]
    }

    private static func member(_ wrong: JSONValue) -> JSONValue {
        ["membership": "join", "displayname": wrong, "avatar_url": wrong, "reason": 1, "is_direct": "x"]
    }

    private mutating func relate(_ wrong: JSONValue) async throws {
        guard let newest = events.last?.description, let oldest = events.first?.description else { return }
        let relations: [JSONValue] = [
            ["rel_type": wrong, "event_id": .string(newest)], ["rel_type": "m.thread", "event_id": wrong],
            ["rel_type": "m.replace", "event_id": .string(newest)],
            ["rel_type": "m.thread", "event_id": "$nowhere:mallory.example"],
            ["rel_type": "m.thread", "event_id": .string(oldest), "m.in_reply_to": wrong, "is_falling_back": wrong],
            ["rel_type": "m.annotation", "event_id": .string(newest), "key": wrong],
            ["rel_type": "m.reference", "event_id": .string(oldest)], ["m.in_reply_to": ["event_id": wrong]],
        ]
        for relation in relations {
            try await send(EventType.message, nil, ["body": wrong, "m.relates_to": relation, "m.new_content": wrong])
        }
        if let target = events.last {
            let redacts = EventID(target.description)
            guard
                let event = try? view.send(
                    EventType.redaction, ["redacts": wrong], as: mallory, of: server, redacts: redacts)
            else { return }
            try await receive(event)
        }
    }

    static var finals: Range<Int> { nonsense.indices }
}
