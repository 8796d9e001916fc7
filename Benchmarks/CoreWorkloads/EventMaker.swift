package import MatrixCore

/// Makes the signed events of one room.
package struct EventMaker: Sendable {
    package static let server = "one.example"
    package static let creator = "@creator:one.example"

    package let version: RoomVersion
    package let key: SigningKey
    package let create: Event
    package let serverName: ServerName

    package init(version: RoomVersion) throws {
        guard let key = SigningKey(version: "bench", seed: [UInt8](repeating: 7, count: 32)),
            let serverName = ServerName(Self.server), let creator = UserID(Self.creator)
        else { throw PDUError.malformed(.sender) }
        self.version = version
        self.key = key
        self.serverName = serverName
        let builder = try EventBuilder(
            version: version, roomID: version.namesRoomByCreateEvent ? nil : RoomID("!large:\(Self.server)"),
            type: EventType.create, stateKey: "", sender: creator,
            content: ["room_version": .string(version.identifier)])
        create = try builder.signed(by: serverName, with: key)
    }

    package func make(
        _ type: String, stateKey: String?, by sender: String, _ content: JSONValue, auth: [Event] = [],
        at time: Int64 = 0
    ) throws -> Event {
        guard let sender = UserID(sender) else { throw PDUError.malformed(.sender) }
        var builder = try EventBuilder(
            version: version, roomID: create.roomID, type: type, stateKey: stateKey, sender: sender, content: content)
        builder.originServerTS = time
        builder.authEvents = auth.map(\.eventID)
        builder.prevEvents = [create.eventID]
        return try builder.signed(by: serverName, with: key)
    }

    func state(
        _ type: String, _ content: JSONValue, auth: some Sequence<ResolutionEvent>, at time: Int64 = 0
    ) throws -> Event {
        try make(type, stateKey: "", by: Self.creator, content, auth: auth.map(\.event), at: time)
    }

    func join(
        _ user: String, name: String = "", auth: some Sequence<ResolutionEvent>, at time: Int64 = 0
    ) throws -> Event {
        let content: JSONValue = ["membership": "join", "displayname": .string(name)]
        return try make(EventType.member, stateKey: user, by: user, content, auth: auth.map(\.event), at: time)
    }
}
