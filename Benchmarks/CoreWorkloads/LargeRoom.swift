package import MatrixCore

/// A room with many members, all with a place of their own in the auth graph, and power levels that were changed again and
/// again while they came. The members' events are made only when somebody asks for them.
package struct LargeRoom: Sendable {
    package static let room = RoomNID(1)

    package let memberCount: Int
    package let packs = PackShelf()
    package let events: EventShelf
    private let plan: LargeRoomPlan
    private let state: StateTree

    /// Cost: building the tree of the state, and an event for each change of the power levels.
    package init(memberCount: Int, powerLevelChanges: Int = 100) async throws {
        self.memberCount = memberCount
        let plan = try LargeRoomPlan(memberCount: memberCount, powerLevelChanges: powerLevelChanges)
        self.plan = plan
        events = EventShelf(
            make: { try plan.member($0) }, node: { plan.node($0) }, key: { plan.keyNumber(of: $0) })
        for event in plan.control { events.put(event) }
        var changes = plan.control.map { StateChange(key: $0.stateKey, event: $0.number) }
        for index in 0..<memberCount {
            changes.append(StateChange(key: LargeRoomPlan.key(index), event: plan.number(ofMember: index)))
        }
        var tree = StateTree(root: .empty, room: Self.room, source: packs)
        for some in StateTree.pieces(changes) {
            let update = try await tree.applying(some, newPack: packs.nextNumber())
            packs.store(update)
            tree = StateTree(root: update.root, room: Self.room, source: packs)
        }
        state = tree
    }

    package var create: Event { plan.maker.create }

    package var resolver: StateResolver {
        StateResolver(version: create.version, create: create, source: events)
    }

    /// Two states that came of this one and differ in ten places: on one side new power levels (twice, so that those between
    /// are in the auth difference alone), a topic and three new names of members; on the other new join rules, a name of the
    /// room and three names of other members.
    package func fork() async throws -> LargeRoomFork {
        var writer = LargeRoomPlan.ForkWriter(plan: plan, events: events)
        let levels = plan.levels
        let second = try writer.levels(40, after: levels, at: 1 << 30)
        let third = try writer.levels(50, after: second, at: 2 << 30)
        let topic = try writer.control(.topic, EventType.topic, ["topic": "A"], auth: [third])
        let rules = try writer.control(.joinRules, EventType.joinRules, ["join_rule": "invite"], auth: [levels])
        let name = try writer.control(.name, EventType.name, ["name": "B"], auth: [levels])
        let eighth = memberCount / 8
        let left =
            [second, third, topic] + (try [1, 2, 3].map { try writer.rename($0 * eighth, [third, plan.joinRules]) })
        let right = [rules, name] + (try [5, 6, 7].map { try writer.rename($0 * eighth, [levels, rules]) })
        return LargeRoomFork(
            left: try await apply(left), right: try await apply(right), events: left + right, between: [second],
            before: plan.control
                + (try [1, 2, 3, 5, 6, 7].compactMap { try events.event(plan.number(ofMember: $0 * eighth)) })
                + plan.ladder)
    }

    /// One change after another, each with a pack of its own, as they come in a room that lives.
    private func apply(_ events: [ResolutionEvent]) async throws -> StateTree {
        var tree = state
        for event in events {
            let change = StateChange(key: event.stateKey, event: event.number)
            let update = try await tree.applying([change], newPack: packs.nextNumber())
            packs.store(update)
            tree = StateTree(root: update.root, room: Self.room, source: packs)
        }
        return tree
    }
}

/// Two states of a room that came apart.
package struct LargeRoomFork: Sendable {
    package let left: StateTree
    package let right: StateTree
    /// What was sent after the room came apart, on either side.
    package let events: [ResolutionEvent]
    /// Those of them that neither state holds any more.
    package let between: [ResolutionEvent]
    /// What they rest on.
    package let before: [ResolutionEvent]
}
