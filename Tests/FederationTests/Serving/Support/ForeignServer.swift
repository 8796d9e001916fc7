import Federation
import FederationAPI
import MatrixCore
import Testing

/// Another server as far as we see it: a name, a key, and events that it makes.
struct ForeignServer: Sendable {
    let name: ServerName
    let key: SigningKey

    init(_ name: String, seed: UInt8 = 9) {
        self.name = ServerName(name)!
        key = SigningKey(version: "f", seed: Array(repeating: seed, count: 32))!
    }

    func user(_ localpart: String) -> UserID { UserID("@\(localpart):\(name)")! }

    /// What became of a draft of ours.
    func complete(_ template: MembershipTemplate) throws -> Event {
        try builder(template).signed(by: name, with: key)
    }

    func builder(_ template: MembershipTemplate) throws -> EventBuilder {
        let version = try #require(RoomVersion(template.roomVersion))
        let draft = template.event
        func ids(_ name: String) throws -> [EventID] {
            try #require(draft[name]?.array).compactMap {
                (version.eventIDFormat == .chosen ? $0.array?.first : $0)?.string.flatMap { EventID($0) }
            }
        }
        var builder = try EventBuilder(
            version: version, roomID: draft["room_id"]?.string.flatMap { RoomID($0) }, type: EventType.member,
            stateKey: draft["state_key"]?.string, sender: try #require(draft["sender"]?.string.flatMap { UserID($0) }),
            content: try #require(draft["content"]))
        builder.prevEvents = try ids("prev_events")
        builder.authEvents = try ids("auth_events")
        builder.depth = try #require(draft["depth"]?.int)
        builder.originServerTS = try #require(draft["origin_server_ts"]?.int)
        if version.eventIDFormat == .chosen { builder.chosenEventID = EventID("$\(builder.depth):\(name)") }
        return builder
    }

    /// The same event with another content.
    func rebuilt(_ builder: EventBuilder, content: JSONValue) throws -> EventBuilder {
        var other = try EventBuilder(
            version: builder.version, roomID: builder.roomID, type: builder.type, stateKey: builder.stateKey,
            sender: builder.sender, content: content)
        other.prevEvents = builder.prevEvents
        other.authEvents = builder.authEvents
        other.depth = builder.depth
        other.originServerTS = builder.originServerTS
        other.chosenEventID = builder.chosenEventID
        return other
    }

    func request(_ membership: Membership, _ event: Event) -> MembershipRequest {
        MembershipRequest(roomID: event.roomID, eventID: event.eventID, membership: membership, pdu: event.json)
    }

    /// An invite of somebody into a room that only this server knows.
    func invite(
        _ user: UserID, to roomID: RoomID, by sender: UserID? = nil, version: RoomVersion = .v10,
        content: JSONValue = ["membership": "invite"], type: String = EventType.member
    ) throws -> Event {
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: type, stateKey: user.description,
            sender: sender ?? self.user("bob"),
            content: content)
        builder.prevEvents = [try #require(EventID(referenceHash: Array(repeating: 1, count: 32), urlSafe: true))]
        builder.authEvents = [try #require(EventID(referenceHash: Array(repeating: 2, count: 32), urlSafe: true))]
        builder.depth = 9
        builder.originServerTS = 1_700_000_000_000
        return try builder.signed(by: name, with: key)
    }
}
