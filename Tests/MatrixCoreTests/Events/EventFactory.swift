import MatrixCore

/// Makes signed events for tests, each with another time.
struct EventFactory {
    static let creator = "@creator:one.example"

    let version: RoomVersion
    var roomID: RoomID?
    private var clock: Int64 = 1_000

    init(_ version: RoomVersion) {
        self.version = version
        roomID = version.namesRoomByCreateEvent ? nil : RoomID("!room:one.example")
    }

    static let key = SigningKey(version: "test", seed: [UInt8](repeating: 7, count: 32))!

    mutating func create(_ content: JSONValue = [:], sender: String = creator) throws -> Event {
        var content = content
        if content["room_version"] == nil { content["room_version"] = .string(version.identifier) }
        if !["11", "12"].contains(version.identifier), content["creator"] == nil {
            content["creator"] = .string(sender)
        }
        let event = try make(EventType.create, stateKey: "", sender: sender, content: content, depth: 1)
        roomID = event.roomID
        return event
    }

    mutating func make(
        _ type: String, stateKey: String? = nil, sender: String = creator, content: JSONValue = [:],
        prev: [Event] = [], auth: [Event] = [], depth: Int64 = 5, at time: Int64? = nil
    ) throws -> Event {
        guard let sender = UserID(sender) else { throw PDUError.malformed(.sender) }
        clock += 1
        var builder = try EventBuilder(
            version: version, roomID: type == EventType.create && version.namesRoomByCreateEvent ? nil : roomID,
            type: type, stateKey: stateKey, sender: sender, content: content)
        builder.originServerTS = time ?? clock
        builder.depth = depth
        builder.prevEvents = prev.map(\.eventID)
        builder.authEvents = auth.map(\.eventID)
        builder.addHashes(of: prev + auth)
        builder.chosenEventID = EventID("$\(clock):\(sender.serverName)")
        if type == EventType.redaction { builder.redacts = content["redacts"]?.string.flatMap(EventID.init) }
        return try builder.signed(by: sender.serverName, with: Self.key)
    }

    mutating func member(
        _ user: String, _ membership: String, by sender: String? = nil, content: JSONValue = [:], prev: [Event] = [],
        auth: [Event] = [], at time: Int64? = nil
    ) throws -> Event {
        var content = content
        content["membership"] = .string(membership)
        return try make(
            EventType.member, stateKey: user, sender: sender ?? user, content: content, prev: prev, auth: auth, at: time
        )
    }
}
