import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// Events whose predecessors cannot be had, written on a state that another server tells.
@Suite struct RemoteStateTests {
    private func with(
        _ version: RoomVersion = .default, _ body: (inout SharedRoom) async throws -> Void
    ) async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            var room = try await SharedRoom(worker, version: version)
            try await body(&room)
            await worker.pool.close()
        }
    }

    private func options(_ room: SharedRoom, state: [Event]) async throws -> RemoteEventOptions {
        _ = try await room.worker.rooms.store(outliers: state, in: room.record)
        let events = try await room.worker.rooms.reader.events.events(state.map(\.eventID), in: room.record)
        let update = try await room.worker.rooms.state(of: events.values, in: room.record)
        return RemoteEventOptions(stateBefore: update.tree.root, packs: update.pack.map { [$0] } ?? [])
    }

    @Test func aGapIsBridgedByTheStateAfterIt() async throws {
        try await with { room in
            var away = room.view
            let dave = try room.two.user("dave")
            let join = try away.join(dave, of: room.two)
            for number in 0..<5 { _ = try away.say("lost \(number)", as: dave, of: room.two) }
            let state = Array(away.state.values)
            let event = try away.say("back", as: dave, of: room.two)
            guard case .missing = try await room.receive(event) else {
                Issue.record("nothing was missing")
                return
            }
            let options = try await options(room, state: state)
            #expect(try await room.receive(event, options).isWritten)
            #expect(try await room.messages() == ["back"])
            #expect(try await room.state().membership(of: dave) == .join)
            #expect(try await room.stored(join)?.flags.contains(.outlier) == true)
            // Both ends go on from there.
            let answer = try await room.say("hello")
            #expect(answer.prevEvents.contains(event.eventID) && answer.prevEvents.count == 2)
        }
    }

    /// ATTACKS 8: a server that tells of a few events of the state only does not take the others away.
    @Test func aStateWithHolesTakesNothingAway() async throws {
        try await with { room in
            let name = try await room.set(EventType.name, "", ["name": "ours"])
            room.view.see(name)
            var away = room.view
            _ = try away.say("lost", as: room.bob, of: room.one)
            let event = try away.say("back", as: room.bob, of: room.one)
            let keys: [StateKey] = [.create, .powerLevels, .joinRules, .member(room.bob), .member(room.alice.userID)]
            let few = keys.compactMap { room.view.state[$0] }
            let options = try await options(room, state: few)
            #expect(try await room.receive(event, options).isWritten)
            let state = try await room.state()
            #expect(try await state.content(EventType.name)?["name"]?.string == "ours")
            #expect(try await state.membership(of: room.carol) == .join)
        }
    }

    /// The same when the event also names what we have as its predecessor, so that our own end of the graph goes.
    @Test func whatIsKnownToComeBeforeCounts() async throws {
        try await with { room in
            let name = try await room.set(EventType.name, "", ["name": "ours"])
            room.view.see(name)
            let ours = room.view.tips
            var away = room.view
            _ = try away.say("lost", as: room.bob, of: room.one)
            away.tips += ours
            let event = try away.say("back", as: room.bob, of: room.one)
            let keys: [StateKey] = [.create, .powerLevels, .joinRules, .member(room.bob), .member(room.alice.userID)]
            let options = try await options(room, state: keys.compactMap { room.view.state[$0] })
            #expect(try await room.receive(event, options).isWritten)
            #expect(try await room.head().extremities.count == 1)
            let state = try await room.state()
            #expect(try await state.content(EventType.name)?["name"]?.string == "ours")
            #expect(try await state.membership(of: room.carol) == .join)
        }
    }

    /// By the rules alone a server that made a room could begin it again, and in a state that it tells put the second beginning
    /// in the place of the first. As an outlier no state before it says that the room has begun.
    @Test(arguments: [RoomVersion.v10, .v11]) func anotherBeginningHasNoPartInAState(version: RoomVersion) async throws
    {
        try await with(version) { room in
            let create = try #require(room.view.state[.create])
            var nothing = PeerView(roomID: room.roomID, version: version, state: [], tips: [])
            let again = try nothing.send(
                EventType.create, stateKey: "",
                ["room_version": .string(version.identifier), "creator": .string(room.alice.userID.description)],
                as: room.alice.userID, of: PeerServer("example.org"))
            var away = room.view
            _ = try away.say("lost", as: room.bob, of: room.one)
            let cited = [StateKey.powerLevels, .member(room.bob)].compactMap { room.view.state[$0]?.eventID }
            let name = try away.send(
                EventType.name, stateKey: "", ["name": "M"], as: room.bob, of: room.one,
                authEvents: cited + [again.eventID])
            var state = away.state
            state[.create] = again
            let event = try away.say("back", as: room.bob, of: room.one)
            let options = try await options(room, state: Array(state.values) + [create])
            for foreign in [again, name] {
                #expect(try await room.stored(foreign)?.flags.isSuperset(of: [.rejected, .outlier]) == true)
            }
            #expect(try await room.receive(event, options).isWritten)
            let now = try await room.state()
            #expect(try await now.event(EventType.create)?.eventID == create.eventID)
            #expect(try await now.event(EventType.name) == nil)
            #expect(try await room.receive(again).isRejected)
            #expect(try await room.stored(again)?.flags == .rejected)
            #expect(try await room.say("hello").authEvents.contains(create.eventID))
        }
    }

    /// ATTACKS 20 (CVE-2022-39374): what was rejected once has no part in a state that names it later.
    @Test func rejectedEventsStayRejectedInAState() async throws {
        try await with { room in
            var mallory = room.view
            let name = try mallory.send(EventType.name, stateKey: "", ["name": "M"], as: room.bob, of: room.one)
            #expect(try await room.receive(name).isRejected)
            _ = try mallory.say("lost", as: room.bob, of: room.one)
            let state = Array(mallory.state.values)
            let event = try mallory.say("back", as: room.bob, of: room.one)
            let options = try await options(room, state: state)
            #expect(try await room.receive(event, options).isWritten)
            #expect(try await room.state().content(EventType.name) == nil)
        }
    }
}
