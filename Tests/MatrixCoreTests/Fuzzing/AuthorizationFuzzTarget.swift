import MatrixCore

/// The authorisation rules over rooms that nobody in their right mind would have.
///
/// Input: one byte that chooses the version, then a JSON array of `{"type", "state_key", "sender", "content"}`. All but
/// the last are the state of a room, the last is checked against it. What is missing is filled in, and every event gets
/// good hashes and a good signature, so that chance only has to come upon contents.
enum AuthorizationFuzzTarget {
    private static let mostEvents = 24
    private static let key = SigningKey(version: "f", seed: [UInt8](repeating: 9, count: 32))

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let version = EventFuzzTarget.version(bytes.first)
        guard let document = try? JSONDocument(parsing: Array(bytes.dropFirst())), let list = document.root.array,
            list.count <= mostEvents
        else { return }
        var room = Room(version: version)
        let events = list.compactMap { room.event($0) }
        guard let event = events.last else { return }
        let state = AuthStateMap(events.dropLast())
        let rules = AuthRules(version: version)
        let verdict = rules.check(event, against: state)
        try FuzzFailure.unless(
            rules.check(event, against: state).isAllowed == verdict.isAllowed, "two verdicts on one event")
        try checkSelection(rules, event, events.dropLast())
        if verdict.isAllowed { try checkAllowed(event, in: state) }
        if event.type == EventType.serverACL {
            _ = ServerACL(content: event.content).allows(event.sender.serverName)
        }
        let levels = state.powerLevels(in: version)
        _ = levels.level(of: event.sender).value
        _ = levels.required(notification: "room")
        _ = RoomCreators(create: state.event(.create), version: version).all
    }

    private static func checkSelection(
        _ rules: AuthRules, _ event: Event, _ others: ArraySlice<Event>
    ) throws(FuzzFailure) {
        let create = others.first { $0.type == EventType.create }
        let citations = others.enumerated().map { index, other in
            AuthRules.AuthEvent(event: other, isRejected: index % 7 == 6)
        }
        let verdict = rules.checkAuthEvents(
            of: event, citations, create: create.map { AuthRules.AuthEvent(event: $0, isRejected: false) })
        if verdict.isAllowed, event.type != EventType.create {
            try FuzzFailure.unless(!citations.contains(where: \.isRejected), "a rejected event may be cited")
            try FuzzFailure.unless(
                citations.allSatisfy { $0.event.roomID == event.roomID }, "an event of another room may be cited")
        }
    }

    /// What must be true of every event that is let in, said in another way than the rules say it.
    private static func checkAllowed(_ event: Event, in state: AuthStateMap) throws(FuzzFailure) {
        if event.type == EventType.create { return }
        let sender = membership(of: event.sender.description, in: state)
        if event.type == EventType.member {
            try checkMembership(event, sender: sender, in: state)
        } else if event.type != EventType.aliases || event.version.enforcesCanonicalJSON {
            try FuzzFailure.unless(sender == "join", "somebody outside of the room sends \(event.type)")
        }
        if event.type == EventType.powerLevels, let old = state.event(.powerLevels) {
            let level = state.powerLevels(in: event.version).level(of: event.sender)
            guard let users = event.content["users"]?.object else { return }
            for (user, value) in users {
                guard let new = value.int, old.content["users"]?[user]?.int != new else { continue }
                // Where strings are levels, the old one may say the same in another way.
                if old.content["users"]?[user]?.isInteger == false { continue }
                try FuzzFailure.unless(PowerLevel.finite(new) <= level, "somebody raises a user above themselves")
            }
        }
    }

    private static func checkMembership(
        _ event: Event, sender: String?, in state: AuthStateMap
    ) throws(FuzzFailure) {
        let target = event.stateKey ?? ""
        let isSelf = target.utf8.elementsEqual(event.sender.description.utf8)
        let before = membership(of: target, in: state)
        switch event.content["membership"]?.string {
        case "join": try FuzzFailure.unless(isSelf && before != "ban", "a join of somebody else, or of the banned")
        case "invite": try FuzzFailure.unless(before != "ban", "an invitation of the banned")
        case "ban": try FuzzFailure.unless(sender == "join", "somebody outside of the room bans")
        case "leave": try FuzzFailure.unless(isSelf ? before != "ban" : sender == "join", "a kick from outside")
        case "knock": try FuzzFailure.unless(isSelf && before != "ban" && before != "join", "a wrong knock")
        default: throw FuzzFailure("an unknown membership is let in")
        }
    }

    private static func membership(of user: String, in state: AuthStateMap) -> String? {
        state.event(StateKey(EventType.member, user))?.content["membership"]?.string
    }

    /// Makes events of a room, whose id comes with its first create event where the version wants it so.
    private struct Room {
        let version: RoomVersion
        private var roomID: RoomID?
        private var time: Int64 = 0

        init(version: RoomVersion) {
            self.version = version
            roomID = version.namesRoomByCreateEvent ? nil : RoomID("!r:b")
        }

        mutating func event(_ json: JSONView) -> Event? {
            guard let key, let type = json["type"]?.string, json["content"]?.isObject != false else { return nil }
            let stateKey = json["state_key"]?.string
            let makesRoom = version.namesRoomByCreateEvent && type == EventType.create && stateKey != nil
            let room = makesRoom ? nil : json["room_id"]?.string.flatMap(RoomID.init) ?? roomID
            let empty = try? JSONDocument(parsing: "{}").root
            guard makesRoom || room != nil, let content = json["content"] ?? empty,
                let sender = UserID(json["sender"]?.string ?? "@c:b"),
                var builder = try? EventBuilder(
                    version: version, roomID: room, type: type, stateKey: stateKey, sender: sender, content: content)
            else { return nil }
            time += 1
            builder.originServerTS = time
            builder.redacts = json["redacts"]?.string.flatMap(EventID.init)
            builder.prevEvents = json["prev_events"]?.array?.compactMap { $0.string.flatMap(EventID.init) } ?? []
            builder.chosenEventID = json["event_id"]?.string.flatMap(EventID.init) ?? EventID("$\(time):b")
            guard let event = try? builder.signed(by: sender.serverName, with: key) else { return nil }
            if makesRoom, roomID == nil { roomID = event.roomID }
            return event
        }
    }
}
