import MatrixCore
import Testing

/// The checks on receipt one by one, on a room in memory.
@Suite struct EventReceiptTests {
    /// A room with three servers, and means to make events of any kind at any place of it.
    struct Room {
        let version: RoomVersion
        var graph: MemoryGraph
        let users: [UserID]
        private(set) var events: [Event]

        init(_ version: RoomVersion) async throws {
            self.version = version
            var generator = SeededGenerator(seed: 1)
            events = try await RoomBeginning.events(version, servers: 3, &generator)
            users = try (0..<3).map { try SimulatedServer.users($0)[0] } + [try SimulatedServer.users(1)[1]]
            graph = try await MemoryGraph(create: events[0], version: version, seed: 1)
            for event in events.dropFirst() { _ = try await graph.receive(event) }
        }

        var head: Event { events[events.count - 1] }

        func state(_ key: StateKey) throws -> Event { try #require(events.last { $0.fullStateKey == key }) }

        func auth(_ sender: UserID, _ others: [StateKey] = []) throws -> [EventID] {
            let create: [StateKey] = version.namesRoomByCreateEvent ? [] : [.create]
            return try (create + [.powerLevels, .member(sender)] + others).map { try state($0).eventID }
        }

        func event(
            _ type: String = EventType.message, stateKey: String? = nil, by sender: UserID, _ content: JSONValue = [:],
            prev: [EventID]? = nil, auth: [EventID]? = nil
        ) throws -> Event {
            var builder = try EventBuilder(
                version: version, roomID: graph.receipt.roomID, type: type, stateKey: stateKey, sender: sender,
                content: content)
            builder.prevEvents = prev ?? [head.eventID]
            builder.authEvents = try auth ?? self.auth(sender)
            builder.originServerTS = 500
            let index = try #require(try (0..<3).first { try SimulatedServer.name($0) == sender.serverName })
            return try builder.signed(by: sender.serverName, with: try SimulatedServer.key(index))
        }

        func ban(_ user: UserID, prev: [EventID]? = nil) throws -> Event {
            try event(
                EventType.member, stateKey: user.description, by: users[0], ["membership": "ban"], prev: prev,
                auth: auth(users[0], [.member(user)]))
        }
    }

    private static let versions = [RoomVersion.v3, .v10, .v12]

    @Test(arguments: versions) func acceptsWhatIsAllowed(version: RoomVersion) async throws {
        var room = try await Room(version)
        let event = try room.event(by: room.users[1])
        #expect(try await room.graph.receive(event).verdict == .accepted)
        #expect(room.graph.ends.map(\.eventID) == [event.eventID])
        guard case .known = try await room.graph.receive(event) else {
            Issue.record("it was judged twice")
            return
        }
    }

    @Test func saysWhatIsMissing() async throws {
        var room = try await Room(.v12)
        let lost = try room.event(by: room.users[1])
        let join = try room.event(
            EventType.member, stateKey: room.users[1].description, by: room.users[1],
            ["membership": "join", "displayname": "B"])
        let event = try room.event(
            by: room.users[1], prev: [lost.eventID, room.head.eventID],
            auth: [try room.state(.powerLevels).eventID, join.eventID])
        guard case .missing(let missing) = try await room.graph.receive(event) else {
            Issue.record("it was judged")
            return
        }
        #expect(missing.predecessors == [lost.eventID])
        #expect(missing.authEvents == [join.eventID])
        #expect(room.graph.node(event.eventID) == nil)
    }

    /// Step 4, and what it means for those who cite what was rejected.
    @Test(arguments: versions) func rejectedEventsRejectWhatCitesThem(version: RoomVersion) async throws {
        var room = try await Room(version)
        let (admin, user) = (room.users[0], room.users[3])
        let kick = try room.event(
            EventType.member, stateKey: admin.description, by: user, ["membership": "leave"],
            auth: room.auth(user, [.member(admin)]))
        #expect(try await room.graph.receive(kick).rule == "5.5.5")
        #expect(room.graph.node(kick.eventID)?.isRejected == true)
        // It is no end of the graph, and the state is as before.
        #expect(room.graph.ends.map(\.eventID) == [room.head.eventID])
        let follower = try room.event(by: room.users[1], prev: [kick.eventID])
        #expect(try await room.graph.receive(follower).verdict == .accepted)
        #expect(room.graph.ends.map(\.eventID) == [follower.eventID])
        let levels = try room.state(.powerLevels).eventID
        let create = version.namesRoomByCreateEvent ? [] : [try room.state(.create).eventID]
        let citing = try room.event(by: admin, auth: create + [levels, kick.eventID])
        #expect(try await room.graph.receive(citing).rule == "3.3")
    }

    /// Step 5: allowed by what it cites, but not where it stands.
    @Test(arguments: versions) func theStateBeforeCounts(version: RoomVersion) async throws {
        var room = try await Room(version)
        let ban = try room.ban(room.users[3])
        #expect(try await room.graph.receive(ban).verdict == .accepted)
        let event = try room.event(by: room.users[3], prev: [ban.eventID])
        #expect(try await room.graph.receive(event).rule == "6")
        #expect(room.graph.node(event.eventID)?.isRejected == true)
    }

    /// Step 6: allowed where it stands, but not by the room as it is.
    @Test(arguments: versions) func thePresentCounts(version: RoomVersion) async throws {
        var room = try await Room(version)
        let ban = try room.ban(room.users[3])
        #expect(try await room.graph.receive(ban).verdict == .accepted)
        let event = try room.event(by: room.users[3])
        guard case .softFailed(let refusal)? = try await room.graph.receive(event).verdict else {
            Issue.record("it was not soft-failed")
            return
        }
        #expect(refusal.rule == "6")
        #expect(room.graph.ends.map(\.eventID) == [ban.eventID])
        // What follows it counts, and covers what it follows.
        let follower = try room.event(by: room.users[1], prev: [event.eventID, ban.eventID])
        #expect(try await room.graph.receive(follower).verdict == .accepted)
        #expect(room.graph.ends.map(\.eventID) == [follower.eventID])
    }

    @Test(arguments: [RoomVersion.v3, .v10]) func aRoomBeginsOnce(version: RoomVersion) async throws {
        var room = try await Room(version)
        let again = try room.event(
            EventType.create, stateKey: "", by: room.users[0],
            ["room_version": .string(version.identifier), "creator": .string(room.users[0].description)], prev: [],
            auth: [])
        #expect(try await room.graph.receive(again).rule == "1")
        let past = try await room.graph.receipt.judge(again, at: .past, in: &room.graph)
        guard case .known = past else {
            Issue.record("it was judged twice")
            return
        }
        let levels = try room.state(.powerLevels).eventID
        let citing = try room.event(
            by: room.users[1], auth: [again.eventID, levels, try room.state(.member(room.users[1])).eventID])
        #expect(try await room.graph.receive(citing).rule == "3.3")
    }

    /// An outlier has no state before it that would say that the room has begun.
    @Test(arguments: [RoomVersion.v3, .v10]) func anotherBeginningAuthorisesNothing(version: RoomVersion) async throws {
        let room = try await Room(version)
        let again = try room.event(
            EventType.create, stateKey: "", by: room.users[0],
            ["room_version": .string(version.identifier), "creator": .string(room.users[0].description)], prev: [],
            auth: [])
        func entry(_ event: Event) -> AuthRules.AuthEvent { AuthRules.AuthEvent(event: event, isRejected: false) }
        let create = entry(room.events[0])
        let receipt = room.graph.receipt
        #expect(receipt.refusal(of: again, by: [], create: create)?.rule == "1")
        let others = [try room.state(.powerLevels), try room.state(.member(room.users[1]))]
        for beginning in [again, create.event] {
            let event = try room.event(by: room.users[1], auth: (others + [beginning]).map(\.eventID))
            let refusal = receipt.refusal(of: event, by: (others + [beginning]).map(entry), create: create)
            #expect(refusal?.rule == (beginning == again ? "3.3" : nil))
        }
    }

    @Test(arguments: versions) func aStateThatOthersTellTakesNothingAway(version: RoomVersion) async throws {
        var room = try await Room(version)
        let lost = try room.event(by: room.users[1])
        let event = try room.event(by: room.users[1], prev: [lost.eventID, room.head.eventID])
        let create = try #require(room.graph.node(room.events[0].eventID))
        let small = try #require(try await room.graph.receipt.stateAfter(create, in: &room.graph))
        let given = EventReceipt.GivenState(root: small.root, packs: [])
        guard
            case .judged(let judgement) = try await room.graph.receipt.judge(
                event, at: .present, given: given, in: &room.graph)
        else {
            Issue.record("something was missing")
            return
        }
        #expect(judgement.verdict == .accepted)
        #expect(judgement.before.root == room.graph.tree.root)
    }

    // MARK: Signatures

    @Test func whoMustSignIsAskedFor() async throws {
        let room = try await Room(.v12)
        let event = try room.event(by: room.users[1])
        let key = try SimulatedServer.key(1)
        let name = SignatureCheck.KeyName(server: try SimulatedServer.name(1), id: key.id)
        #expect(SignatureCheck.keys(neededFor: event) == [name])
        #expect(SignatureCheck.time(of: event) == 500)
        #expect(SignatureCheck.failure(of: event, keys: [name: key.publicKey]) == nil)
        #expect(SignatureCheck.failure(of: event, keys: [:]) == .keysUnknown(of: name.server))
        let other = try SimulatedServer.key(2).publicKey
        #expect(SignatureCheck.failure(of: event, keys: [name: other]) == .badSignature(of: name.server))
        var value = event.json.value()
        value["signatures"] = [:]
        let unsigned = try Event.receive(try JSONDocument(parsing: value.canonicalBytes).root, in: .v12).event
        #expect(SignatureCheck.failure(of: unsigned, keys: [name: key.publicKey]) == .unsigned(by: name.server))
    }
}

extension MemoryGraph.Receipt {
    fileprivate var verdict: ReceiptVerdict? { if case .judged(let verdict) = self { verdict } else { nil } }

    fileprivate var rule: String? {
        if case .judged(.rejected(let refusal)) = self { refusal.rule } else { nil }
    }
}
