package import MatrixCore

/// Another server, as far as tests need one: its name, its key, and users.
package struct PeerServer: Sendable {
    package let name: ServerName
    package let key: SigningKey

    /// - Parameter name: a valid server name.
    package init(_ name: String) throws {
        guard let name = ServerName(name) else { throw TestingError("\(name) is no server name") }
        self.name = name
        var seed = Array(name.description.utf8.prefix(32))
        seed += Array(repeating: 1, count: 32 - seed.count)
        guard let key = SigningKey(version: "1", seed: seed) else { throw TestingError("no key") }
        self.key = key
    }

    package func user(_ localpart: String) throws -> UserID {
        guard let user = UserID("@\(localpart):\(name)") else { throw TestingError("\(localpart) is no localpart") }
        return user
    }
}

/// A room as a server sees it at one place of its graph. A copy of it is a fork.
package struct PeerView: Sendable {
    package let roomID: RoomID
    package let version: RoomVersion
    package private(set) var state: [StateKey: Event]
    /// What the next event has as its predecessors.
    package var tips: [Event]
    /// Milliseconds since 1970 of the next event.
    package var timestamp: Int64 = 1_700_000_000_000

    package init(roomID: RoomID, version: RoomVersion, state: [Event], tips: [Event]) {
        self.roomID = roomID
        self.version = version
        self.state = Dictionary(
            state.compactMap { event in event.fullStateKey.map { ($0, event) } }, uniquingKeysWith: { $1 })
        self.tips = tips
    }

    /// Makes an event on the tips, signed by its sender's server, and goes on from it.
    ///
    /// - Parameters:
    ///   - depth: what the event claims; one more than its predecessors' unless given.
    ///   - authEvents: what it cites; what the rules select unless given.
    ///   - id: its id in versions in which servers choose them.
    ///   - sticky: for how many milliseconds it is sticky.
    ///   - content: an object.
    package mutating func send(
        _ type: String, stateKey: String? = nil, _ content: JSONValue, as user: UserID, of server: PeerServer,
        redacts: EventID? = nil, depth: Int64? = nil, authEvents: [EventID]? = nil, id: EventID? = nil,
        sticky: Int64? = nil
    ) throws -> Event {
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: type, stateKey: stateKey, sender: user, content: content)
        builder.redacts = redacts
        builder.stickyMilliseconds = sticky
        builder.chosenEventID = id
        builder.originServerTS = timestamp
        builder.depth = depth ?? Event.depth(following: tips.map(\.depth), in: version)
        builder.prevEvents = tips.map(\.eventID)
        let selection = AuthRules(version: version).selection(
            type: type, stateKey: stateKey, sender: user, content: try builder.contentDocument().root)
        builder.authEvents = authEvents ?? selection.compactMap { state[$0]?.eventID }
        builder.addHashes(of: tips + state.values)
        let event = try builder.signed(by: server.name, with: server.key)
        timestamp += 1_000
        tips = [event]
        if let key = event.fullStateKey { state[key] = event }
        return event
    }

    package mutating func say(_ text: String, as user: UserID, of server: PeerServer) throws -> Event {
        try send(
            EventType.message, ["msgtype": "m.text", "body": .string(text)], as: user, of: server)
    }

    package mutating func join(_ user: UserID, of server: PeerServer) throws -> Event {
        try send(
            EventType.member, stateKey: user.description, ["membership": "join"], as: user, of: server)
    }

    /// Takes in an event of somebody else.
    package mutating func see(_ event: Event) {
        tips = tips.filter { !event.prevEvents.contains($0.eventID) } + [event]
        if let key = event.fullStateKey { state[key] = event }
    }
}
