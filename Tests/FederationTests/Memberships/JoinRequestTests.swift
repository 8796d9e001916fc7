import Federation
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct JoinRequestTests {
    private let there = ForeignServer("there.test:8448")

    @Test(arguments: [RoomVersion.v2, .v6, .v10, .v11, .v12])
    func takesAUserInAndTellsTheRoom(version: RoomVersion) async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice, version: version)
            let before = try #require(try await here.rooms.reader.current(room))
            let state = Set(try await before.allEvents().map(\.eventID))

            let event = try await here.draft(there, "bob", .join, in: room)
            let joined = try await here.join(there, event, to: room)

            #expect(try await here.membership(of: there.user("bob"), in: room) == .join)
            #expect(joined.room.event?["state_key"]?.stringEquals(there.user("bob").description) == true)
            #expect(!joined.room.membersOmitted)
            #expect(joined.room.serversInRoom == [ServingInstallation.serverName])
            let told = try joined.state.map { try Event.receive($0, in: version) }
            #expect(Set(told.map(\.event.eventID)) == state)
            #expect(told.allSatisfy { $0.isContentIntact })
            // Everything that authorises anything is in the chain, and stands before what it authorises.
            var seen: Set<EventID> = []
            let chain = try joined.authChain.map { try Event.receive($0, in: version).event }
            for event in chain {
                #expect(event.authEvents.allSatisfy(seen.contains))
                seen.insert(event.eventID)
            }
            for event in told.map(\.event) + [event] { #expect(event.authEvents.allSatisfy(seen.contains)) }
            #expect(chain.first?.type == EventType.create)
        }
    }

    @Test func handsTheJoinOnToTheOtherServers() async throws {
        try await ServingInstallation.with(there) { here in
            let room = try await here.room(by: try await here.user("alice"))
            let event = try await here.draft(there, "bob", .join, in: room)
            _ = try await here.join(there, event, to: room)
            let stored = try await here.rooms.reader.events.event(event.eventID, in: room)
            #expect(stored?.stored.flags.contains(.relayed) == true)
        }
    }

    @Test func answersARepetitionAsTheFirstTime() async throws {
        try await ServingInstallation.with(there) { here in
            let room = try await here.room(by: try await here.user("alice"))
            let event = try await here.draft(there, "bob", .join, in: room)
            let first = try await here.join(there, event, to: room)
            let head = try await here.head(of: room)
            let second = try await here.join(there, event, to: room)
            #expect(second.state.map(\.rawBytes) == first.state.map(\.rawBytes))
            #expect(try await here.head(of: room) == head)
        }
    }

    // MARK: Drafts

    @Test func draftsNothingForUsersOfOtherServers() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            for user in [alice.userID, UserID("@carol:elsewhere.test")!] {
                try await expect(.forbidden, 403) {
                    _ = try await here.resident.draft(
                        .join, of: user, in: room.roomID, versions: ["12"], for: there.name)
                }
            }
        }
    }

    @Test func namesTheVersionToAServerThatDoesNotHaveIt() async throws {
        try await ServingInstallation.with(there) { here in
            let room = try await here.room(by: try await here.user("alice"), version: .v11)
            let error = await #expect(throws: MatrixError.self) {
                _ = try await here.resident.draft(
                    .join, of: there.user("bob"), in: room.roomID, versions: ["1", "10"], for: there.name)
            }
            #expect(error?.errcode == .incompatibleRoomVersion)
            #expect(error?.status == 400)
            #expect(error?.fields["room_version"] == "11")
        }
    }

    @Test func knowsNothingOfRoomsThatItIsNotIn() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let left = try await here.room(by: alice)
            try await here.rooms.leave(left.roomID, as: alice)
            for roomID in [left.roomID, RoomID("!nowhere:there.test")!] {
                try await expect(.notFound, 404) {
                    _ = try await here.resident.draft(
                        .join, of: there.user("bob"), in: roomID, versions: ["12"], for: there.name)
                }
            }
        }
    }

    @Test func refusesWhomTheRoomDoesNotLetIn() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let closed = try await here.room(by: alice, .privateChat)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .join, in: closed) }

            let open = try await here.room(by: alice)
            try await here.set(
                EventType.member, there.user("bob").description, to: ["membership": "ban"], in: open, by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .join, in: open) }
        }
    }

    @Test func refusesServersThatTheAccessListKeepsOut() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let join = try await here.draft(there, "bob", .join, in: room)
            let leave = try await here.draft(there, "bob", .join, in: room)
            try await here.set(EventType.serverACL, to: ["allow": ["*"], "deny": ["there.test"]], in: room, by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .join, in: room) }
            try await expect(.forbidden, 403) { _ = try await here.join(there, join, to: room) }
            try await expect(.forbidden, 403) {
                try await here.resident.leave(there.request(.leave, leave), from: there.name)
            }
            #expect(try await !here.isStored(join, in: room))
        }
    }

    // MARK: Events that are not what was asked for

    /// CVE-2020-26257 and 2019's joins without consent: what the path, the body and the caller say must fit together.
    @Test func refusesWhatIsNoJoinOfTheServersOwnUser() async throws {
        let other = ForeignServer("other.test", seed: 4)
        try await ServingInstallation.with(there, other) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let elsewhere = try await here.room(by: alice)
            let template = try await here.template(there, "bob", .join, in: room)
            func made(_ change: (inout EventBuilder) throws -> Void) throws -> Event {
                var builder = try there.builder(template)
                try change(&builder)
                return try builder.signed(by: there.name, with: there.key)
            }
            let good = try made { _ in }
            let head = try await here.head(of: room)

            func refuses(
                _ event: Event, _ errcode: Errcode, _ status: Int, roomID: RoomID? = nil, eventID: EventID? = nil,
                from server: ServerName? = nil, _ pdu: JSONView? = nil
            ) async throws {
                try await expect(errcode, status) {
                    _ = try await here.resident.join(
                        MembershipRequest(
                            roomID: roomID ?? room.roomID, eventID: eventID ?? event.eventID, membership: .join,
                            pdu: pdu ?? event.json),
                        from: server ?? there.name)
                }
                #expect(try await here.head(of: room) == head)
                #expect(try await !here.isStored(event, in: room))
            }

            // Another room, another id, another server than it says.
            try await refuses(good, .invalidParam, 400, roomID: elsewhere.roomID)
            try await refuses(
                good, .invalidParam, 400,
                eventID: EventID(
                    referenceHash: Array(repeating: 5, count: 32), urlSafe: true))
            try await refuses(good, .forbidden, 403, from: other.name)
            // Another type, user, or membership.
            try await refuses(made { $0.type = "m.room.message" }, .invalidParam, 400)
            try await refuses(made { $0.stateKey = nil }, .invalidParam, 400)
            try await refuses(made { $0.stateKey = there.user("carol").description }, .invalidParam, 400)
            try await refuses(made { $0.sender = alice.userID }, .forbidden, 403)
            try await refuses(
                made { $0 = try there.rebuilt($0, content: ["membership": "invite"]) }, .invalidParam, 400)
            try await refuses(made { $0 = try there.rebuilt($0, content: ["membership": 1]) }, .invalidParam, 400)
            // Not signed, or changed on the way.
            var builder = try there.builder(template)
            try await refuses(builder.signed(by: other.name, with: other.key), .forbidden, 403)
            let forger = ForeignServer(there.name.description, seed: 77)
            try await refuses(builder.signed(by: there.name, with: forger.key), .forbidden, 403)
            guard case .object(var changed) = good.json.value() else { return }
            changed["content"] = ["membership": "join", "displayname": "Mallory"]
            let document = try JSONDocument(parsing: JSONValue.object(changed).canonicalBytes)
            try await refuses(good, .invalidParam, 400, document.root)
            // Built on what nobody knows.
            builder.prevEvents = [try #require(EventID(referenceHash: Array(repeating: 8, count: 32), urlSafe: true))]
            try await refuses(builder.signed(by: there.name, with: there.key), .invalidParam, 400)

            // What all of these were made of is in order.
            _ = try await here.join(there, good, to: room)
        }
    }

    @Test func refusesWhoWasBannedMeanwhileAndKeepsNothing() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let join = try await here.draft(there, "bob", .join, in: room)
            try await here.set(
                EventType.member, there.user("bob").description, to: ["membership": "ban"], in: room, by: alice)
            let head = try await here.head(of: room)
            try await expect(.forbidden, 403) { _ = try await here.join(there, join, to: room) }
            #expect(try await here.head(of: room) == head)
            #expect(try await !here.isStored(join, in: room))
        }
    }

    /// Auth events of another room authorise nothing (2019; MSC4307).
    @Test func refusesAJoinThatCitesEventsOfAnotherRoom() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice, version: .v11)
            let other = try await here.room(by: alice, version: .v11)
            let now = try #require(try await here.rooms.reader.current(other))
            let foreign = try #require(try await now.event(EventType.joinRules)).eventID
            var builder = try there.builder(try await here.template(there, "bob", .join, in: room))
            builder.authEvents[builder.authEvents.count - 1] = foreign
            let join = try builder.signed(by: there.name, with: there.key)
            try await expect(.invalidParam, 400) { _ = try await here.join(there, join, to: room) }
            #expect(try await !here.isStored(join, in: room))
        }
    }

    /// CVE-2018-10657: a depth that nothing can follow.
    @Test func goesOnAfterTheDeepestJoinThereCanBe() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            var builder = try there.builder(try await here.template(there, "bob", .join, in: room))
            builder.depth = RoomVersion.v12.maximumDepth
            _ = try await here.join(there, try builder.signed(by: there.name, with: there.key), to: room)
            let said = try await here.say("still here", in: room, by: alice)
            let event = try await here.rooms.reader.events.event(said, in: room)
            #expect(event?.event.depth == RoomVersion.v12.maximumDepth)
        }
    }
}

/// Expects a Matrix error.
func expect(
    _ errcode: Errcode, _ status: Int, at location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws {
    let error = await #expect(throws: MatrixError.self, sourceLocation: location) { try await body() }
    #expect(error?.errcode == errcode, sourceLocation: location)
    #expect(error?.status == status, sourceLocation: location)
}
