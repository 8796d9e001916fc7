import MatrixCore

/// The events with which every simulated room begins: one user of each server is in it with full power.
enum RoomBeginning {
    static func events(
        _ version: RoomVersion, servers: Int, _ generator: inout SeededGenerator
    ) async throws -> [Event] {
        let creator = try SimulatedServer.users(0)[0]
        let home = (try SimulatedServer.name(0), try SimulatedServer.key(0))
        let anchors = try (0..<servers).map { try SimulatedServer.users($0)[0] }
        let others = try (0..<servers).map { try SimulatedServer.users($0)[1] }
        var content: JSONValue = ["room_version": .string(version.identifier), "creator": .string(creator.description)]
        var creators = [creator]
        if version.namesRoomByCreateEvent, servers > 3, generator.isLucky(30) {
            content["additional_creators"] = [.string(anchors[1].description)]
            creators.append(anchors[1])
        }
        var builder = try EventBuilder(
            version: version, roomID: version.namesRoomByCreateEvent ? nil : RoomID("!room:s0.example"),
            type: EventType.create, stateKey: "", sender: creator, content: content)
        builder.originServerTS = 1
        let create = try builder.signed(by: home.0, with: home.1)
        var users: JSONValue = [:]
        for anchor in anchors where !version.namesRoomByCreateEvent || !creators.contains(anchor) {
            users[anchor.description] = 100
        }
        for other in others { users[other.description] = .integer([0, 50, 50, 75][generator.number(below: 4)]) }
        let levels: JSONValue = ["users": users, "invite": .integer([0, 50][generator.number(below: 2)])]
        func join(_ user: UserID) -> Draft {
            Draft(
                type: EventType.member, stateKey: user.description, sender: user, content: ["membership": "join"])
        }
        let drafts =
            [
                join(creator),
                Draft(type: EventType.powerLevels, stateKey: "", sender: creator, content: levels),
                Draft(type: EventType.joinRules, stateKey: "", sender: creator, content: ["join_rule": "public"]),
            ] + (anchors.dropFirst() + others).map(join)
        var events = [create]
        var state: [StateKey: Event] = [.create: create]
        for (number, draft) in drafts.enumerated() {
            guard let last = events.last, let server = try sender(draft.sender, servers),
                let event = try draft.event(
                    in: version, of: create.roomID, state: state, prev: [last.eventID], depth: last.depth + 1,
                    at: Int64(number) * 5 + 2, by: server)
            else { throw Disagreement("a room cannot begin so") }
            events.append(event)
            if let key = event.fullStateKey { state[key] = event }
        }
        return events
    }

    private static func sender(_ user: UserID, _ servers: Int) throws -> (ServerName, SigningKey)? {
        for index in 0..<servers where try SimulatedServer.name(index) == user.serverName {
            return (try SimulatedServer.name(index), try SimulatedServer.key(index))
        }
        return nil
    }
}
