import MatrixCore

/// Which events a ``LargeRoom`` has, and how they are numbered: a group of members behind each change of the power levels,
/// which all of them cite.
struct LargeRoomPlan: Sendable {
    enum Key: Int64 { case create = 1, creator, powerLevels, joinRules, topic, name }

    private static let firstGroup: Int64 = 100
    private static let firstMemberKey: Int64 = 100
    private static let firstForkNumber: Int64 = 1 << 40

    private let groupSize: Int
    let maker: EventMaker
    /// The events that hold the state that is no member's.
    let control: [ResolutionEvent]
    /// All power levels, the first ones first.
    let ladder: [ResolutionEvent]
    let joinRules: ResolutionEvent

    init(memberCount: Int, powerLevelChanges: Int) throws {
        let groupSize = max(1, (memberCount + powerLevelChanges - 1) / powerLevelChanges)
        self.groupSize = groupSize
        let maker = try EventMaker(version: .v11)
        func entry(_ number: Int64, _ key: Key, _ event: Event, _ authEvents: [ResolutionEvent]) -> ResolutionEvent {
            ResolutionEvent(
                number: EventNID(number), event: event, stateKey: StateKeyNID(key.rawValue),
                authEvents: authEvents.map(\.number), isRejected: false)
        }
        let create = entry(10, .create, maker.create, [])
        let creator = entry(11, .creator, try maker.join(EventMaker.creator, auth: [create]), [create])
        let rules: JSONValue = ["join_rule": "public"]
        joinRules = entry(
            12, .joinRules, try maker.state(EventType.joinRules, rules, auth: [create, creator]), [create, creator])
        var ladder: [ResolutionEvent] = []
        for group in 0..<powerLevelChanges {
            let auth = [create, creator] + ladder.suffix(1)
            let event = try maker.state(EventType.powerLevels, Self.levels([:]), auth: auth, at: Int64(group))
            let number = Self.firstGroup + Int64(group * (groupSize + 1))
            ladder.append(entry(number, .powerLevels, event, auth))
        }
        control = [create, creator, joinRules] + ladder.suffix(1)
        self.ladder = ladder
        self.maker = maker
    }

    /// The power levels before the room came apart.
    var levels: ResolutionEvent { ladder[ladder.count - 1] }

    private static func levels(_ users: [String: JSONValue]) -> JSONValue {
        ["users": .object(users.merging([EventMaker.creator: 100]) { one, _ in one })]
    }

    // MARK: Members

    static func key(_ index: Int) -> StateKeyNID { StateKeyNID(firstMemberKey + Int64(index)) }

    func number(ofMember index: Int) -> EventNID {
        EventNID(Self.firstGroup + Int64(index / groupSize * (groupSize + 1) + 1 + index % groupSize))
    }

    private static func user(_ index: Int) -> String { "@user\(index):\(EventMaker.server)" }

    /// Where an event is in its group: 0 for the power levels. `nil` for events that are in none.
    private func place(_ number: EventNID) -> (group: Int, position: Int)? {
        guard number.rawValue >= Self.firstGroup, number.rawValue < Self.firstForkNumber else { return nil }
        let (group, position) = Int(number.rawValue - Self.firstGroup).quotientAndRemainder(dividingBy: groupSize + 1)
        return group < ladder.count ? (group, position) : nil
    }

    /// The place of an event in the auth graph, without making it.
    func node(_ number: EventNID) -> AuthNode? {
        guard let (group, position) = place(number) else { return nil }
        let levels = ladder[group]
        if position == 0 { return AuthNode(stateKey: levels.stateKey, authEvents: levels.authEvents) }
        return AuthNode(
            stateKey: Self.key(group * groupSize + position - 1),
            authEvents: [control[0].number, joinRules.number, levels.number])
    }

    func member(_ number: EventNID) throws -> ResolutionEvent? {
        guard let (group, position) = place(number) else { return nil }
        if position == 0 { return ladder[group] }
        let index = group * groupSize + position - 1
        let auth = [control[0], joinRules, ladder[group]]
        return ResolutionEvent(
            number: number, event: try maker.join(Self.user(index), auth: auth), stateKey: Self.key(index),
            authEvents: auth.map(\.number), isRejected: false)
    }

    func keyNumber(of key: StateKey) -> StateKeyNID? {
        guard key.type == EventType.member, key.key.hasPrefix("@user"), let colon = key.key.firstIndex(of: ":"),
            let index = Int(key.key[..<colon].dropFirst(5))
        else { return nil }
        return Self.key(index)
    }

    /// Makes the events of a fork, each with the next number.
    struct ForkWriter {
        let plan: LargeRoomPlan
        let events: EventShelf
        private var number = LargeRoomPlan.firstForkNumber

        init(plan: LargeRoomPlan, events: EventShelf) {
            self.plan = plan
            self.events = events
        }

        mutating func levels(_ level: Int64, after levels: ResolutionEvent, at time: Int64) throws -> ResolutionEvent {
            try control(
                .powerLevels, EventType.powerLevels, LargeRoomPlan.levels([user(0): .integer(level)]), auth: [levels],
                at: time)
        }

        mutating func control(
            _ key: Key, _ type: String, _ content: JSONValue, auth: [ResolutionEvent], at time: Int64 = 1 << 30
        ) throws -> ResolutionEvent {
            let auth = plan.control.prefix(2) + auth
            return add(try plan.maker.state(type, content, auth: auth, at: time), StateKeyNID(key.rawValue), auth)
        }

        mutating func rename(_ index: Int, _ auth: [ResolutionEvent]) throws -> ResolutionEvent {
            let before = try events.event(plan.number(ofMember: index)).map { [$0] } ?? []
            let auth = plan.control.prefix(1) + auth + before
            let event = try plan.maker.join(user(index), name: "new", auth: auth, at: 1 << 30)
            return add(event, LargeRoomPlan.key(index), auth)
        }

        private mutating func add(
            _ event: Event, _ key: StateKeyNID, _ auth: ArraySlice<ResolutionEvent>
        ) -> ResolutionEvent {
            number += 1
            let entry = ResolutionEvent(
                number: EventNID(number), event: event, stateKey: key, authEvents: auth.map(\.number),
                isRejected: false)
            events.put(entry)
            return entry
        }

        private func user(_ index: Int) -> String { LargeRoomPlan.user(index) }
    }
}
