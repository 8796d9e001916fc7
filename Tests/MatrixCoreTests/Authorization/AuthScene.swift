import MatrixCore
import Testing

/// A room in which single events are checked: a creator with power 100, a moderator with 50, and whoever a test adds.
struct AuthScene {
    static let creator = EventFactory.creator
    static let moderator = "@moderator:one.example"
    static let alice = "@alice:one.example"
    static let bob = "@bob:two.example"

    var factory: EventFactory
    var state = AuthStateMap()
    let create: Event

    init(_ version: RoomVersion = .v12, create content: JSONValue = [:], hasPowerLevels: Bool = true) throws {
        factory = EventFactory(version)
        create = try factory.create(content)
        state.insert(create)
        state.insert(try factory.member(Self.creator, "join"))
        state.insert(try factory.member(Self.moderator, "join"))
        if hasPowerLevels { try setPowerLevels([:]) }
    }

    var version: RoomVersion { factory.version }

    /// Sets the power levels: the usual ones with some members replaced.
    mutating func setPowerLevels(_ changes: JSONValue) throws {
        state.insert(try factory.make(EventType.powerLevels, stateKey: "", content: levels(changes)))
    }

    func levels(_ changes: JSONValue) -> JSONValue {
        var users: JSONValue = [Self.moderator: 50]
        if !version.authorization.hasPrivilegedCreators { users[Self.creator] = 100 }
        var content: JSONValue = ["users": users]
        for (key, value) in changes.object ?? [:] { content[key] = value }
        return content
    }

    mutating func join(_ users: String...) throws {
        for user in users { state.insert(try factory.member(user, "join")) }
    }

    mutating func set(_ user: String, _ membership: String) throws {
        state.insert(try factory.member(user, membership))
    }

    mutating func set(joinRule: String) throws {
        state.insert(try factory.make(EventType.joinRules, stateKey: "", content: ["join_rule": .string(joinRule)]))
    }

    func check(_ event: Event) -> AuthVerdict {
        AuthRules(version: version).check(event, against: state)
    }
}
