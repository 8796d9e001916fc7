import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct IncomingInviteTests {
    private let there = ForeignServer("there.test")
    private let roomID = RoomID("!room:there.test")!

    private func accept(
        _ event: Event, in here: ServingInstallation, roomID: RoomID? = nil, eventID: EventID? = nil,
        from server: ServerName? = nil, version: String? = nil, state: [JSONValue] = []
    ) async throws -> Event {
        let body = JSONWriter.write { json in
            json.object { json in
                json.field("room_version", version ?? event.version.identifier)
                json.field("event", raw: event.bytes)
                json.field("invite_room_state", .array(state))
            }
        }
        let invite = try Invite(JSONFields(of: JSONDocument(parsing: body).root, named: "body"))
        return try await here.invites.accept(
            invite, roomID: roomID ?? event.roomID, eventID: eventID ?? event.eventID, from: server ?? there.name)
    }

    private func stripped(_ type: String, _ content: JSONValue, _ more: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            ["type": .string(type), "state_key": "", "sender": "@bob:there.test", "content": content].merging(more) {
                $1
            })
    }

    @Test func signsAnInviteAndTellsItsUser() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.account("alice")
            let invite = try there.invite(alice.userID, to: roomID)
            let signed = try await accept(
                invite, in: here, state: [stripped(EventType.name, ["name": "Over there"])])

            #expect(signed.eventID == invite.eventID)
            #expect(signed.isSigned(by: ServingInstallation.serverName, keys: [here.key.id: here.key.publicKey]))
            #expect(signed.isSigned(by: there.name, keys: [there.key.id: there.key.publicKey]))
            let room = try #require(try await here.rooms.reader.room(roomID))
            let found = try await here.rooms.reader.memberships.membership(of: alice.nid, in: room.nid)
            let (record, state) = try #require(found)
            #expect(record.membership == .invite)
            let told = try JSONDocument(parsing: try #require(state)).root.array?.compactMap { $0["type"]?.string }
            #expect(told == [EventType.name, EventType.member])
            // Nobody is believed about the version of a room that we are not in.
            #expect(room.version.isEmpty)
            #expect(try await here.rooms.reader.events.event(record.eventNID, in: room) == nil)
        }
    }

    @Test func leavesTheWritingToTheTransactionWhereItIsInTheRoomItself() async throws {
        try await ServingInstallation.with(there) { here in
            let owner = try await here.account("owner")
            let alice = try await here.account("alice")
            let room = try await here.room(by: owner, version: .v10)
            try await here.join(there, "bob", to: room)
            let head = try await here.head(of: room)
            let signed = try await accept(try there.invite(alice.userID, to: room.roomID), in: here)
            #expect(signed.hasSignature(of: ServingInstallation.serverName))
            #expect(try await here.head(of: room) == head)
            #expect(try await here.rooms.reader.memberships.membership(of: alice.nid, in: room.nid) == nil)
        }
    }

    /// ATTACKS 9 and 37 (CVE-2020-26257, CVE-2026-24471): nothing is signed but an invite of a user of ours into the room of the path.
    @Test func signsNothingElse() async throws {
        let other = ForeignServer("other.test", seed: 4)
        try await ServingInstallation.with(there, other) { here in
            let alice = try await here.account("alice")
            let good = try there.invite(alice.userID, to: roomID)
            let elsewhere = RoomID("!elsewhere:there.test")!
            try await expect(.invalidParam, 400) { _ = try await accept(good, in: here, roomID: elsewhere) }
            try await expect(.invalidParam, 400) {
                _ = try await accept(
                    good, in: here, eventID: EventID(referenceHash: Array(repeating: 5, count: 32), urlSafe: true))
            }
            try await expect(.forbidden, 403) { _ = try await accept(good, in: here, from: other.name) }
            try await expect(.incompatibleRoomVersion, 400) { _ = try await accept(good, in: here, version: "99") }
            for content in [["membership": "join"], ["membership": "leave"], [:]] as [JSONValue] {
                let event = try there.invite(alice.userID, to: roomID, content: content)
                try await expect(.invalidParam, 400) { _ = try await accept(event, in: here) }
            }
            let message = try there.invite(alice.userID, to: roomID, type: EventType.message)
            try await expect(.invalidParam, 400) { _ = try await accept(message, in: here) }
            let impostor = try there.invite(alice.userID, to: roomID, by: UserID("@root:other.test")!)
            try await expect(.forbidden, 403) { _ = try await accept(impostor, in: here) }
            let stranger = try there.invite(UserID("@x:other.test")!, to: roomID)
            try await expect(.invalidParam, 400) { _ = try await accept(stranger, in: here) }
            let forged = try ForeignServer("there.test", seed: 66).invite(alice.userID, to: roomID)
            try await expect(.forbidden, 403) { _ = try await accept(forged, in: here) }
            // Third-party invites are signed by others too, but not without the sender's server.
            let unsigned = try other.invite(
                alice.userID, to: roomID, by: there.user("bob"),
                content: ["membership": "invite", "third_party_invite": ["signed": [:]]])
            try await expect(.forbidden, 403) { _ = try await accept(unsigned, in: here) }
            #expect(try await here.rooms.reader.room(roomID) == nil)
        }
    }

    @Test func knowsOnlyUsersWithAnAccount() async throws {
        try await ServingInstallation.with(there) { here in
            let nobody = try await here.user("nobody")
            try await expect(.notFound, 404) {
                _ = try await accept(try there.invite(nobody.userID, to: roomID), in: here)
            }
            let gone = try await here.account("gone")
            _ = try await here.accounts.deactivate(gone, erase: false, now: 2)
            try await expect(.forbidden, 403) {
                _ = try await accept(try there.invite(gone.userID, to: roomID), in: here)
            }
        }
    }

    /// As with invites of our own users: who is invited may register later.
    @Test func whereItIsInTheRoomItSignsForUsersToCome() async throws {
        try await ServingInstallation.with(there) { here in
            let room = try await here.room(by: try await here.account("owner"), version: .v10)
            try await here.join(there, "bob", to: room)
            let nobody = try #require(UserID("@nobody:\(ServingInstallation.serverName)"))
            let signed = try await accept(try there.invite(nobody, to: room.roomID), in: here)
            #expect(signed.hasSignature(of: ServingInstallation.serverName))
        }
    }

    @Test func honoursTheAccessListOfARoomThatItKnows() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.account("alice")
            let room = try await here.room(by: try await here.user("owner"), version: .v10)
            try await here.set(
                EventType.serverACL, to: ["allow": ["*"], "deny": ["there.test"]], in: room,
                by: try await here.user("owner"))
            // Whether there is such a user or not.
            let nobody = try #require(UserID("@nobody:\(ServingInstallation.serverName)"))
            for user in [alice.userID, nobody] {
                try await expect(.forbidden, 403) {
                    _ = try await accept(try there.invite(user, to: room.roomID), in: here)
                }
            }
        }
    }

    /// ATTACKS 22 and 30 (CVE-2023-32323, CVE-2024-52815): whatever comes with an invite, what is kept is in order and bounded.
    @Test func keepsOfTheStateOnlyWhatIsInOrder() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.account("alice")
            let invite = try there.invite(alice.userID, to: roomID)
            let long = String(repeating: "x", count: 20_000)
            _ = try await accept(
                invite, in: here,
                state: [
                    "nothing", 1, [], [:], stripped(EventType.topic, "no object"),
                    stripped(EventType.avatar, [:], ["state_key": 5]),
                    stripped("m.room.join_rules", [:], ["sender": "nobody"]),
                    stripped(EventType.name, ["name": .string(long)]),
                    stripped(EventType.topic, ["topic": .string(long)]),
                ])
            let room = try #require(try await here.rooms.reader.room(roomID))
            let found = try await here.rooms.reader.memberships.membership(of: alice.nid, in: room.nid)
            let state = try #require(found?.strippedState)
            #expect(state.count < 40_000)
            let told = try JSONDocument(parsing: state).root.array?.compactMap { $0["type"]?.string }
            #expect(told == [EventType.name, EventType.member])
        }
    }

    @Test func believesNoCreateEventOfAnotherRoom() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.account("alice")
            func create(_ time: Int64) throws -> Event {
                var builder = try EventBuilder(
                    version: .v12, roomID: nil, type: EventType.create, stateKey: "", sender: there.user("bob"),
                    content: ["room_version": "12"])
                builder.originServerTS = time
                return try builder.signed(by: there.name, with: there.key)
            }
            let (mine, other) = (try create(1), try create(2))
            let invite = try there.invite(alice.userID, to: mine.roomID, version: .v12)
            try await expect(.invalidParam, 400) {
                _ = try await accept(invite, in: here, state: [other.json.value()])
            }
            try await expect(.invalidParam, 400) {
                _ = try await accept(
                    invite, in: here,
                    state: [stripped(EventType.name, [:], ["room_id": .string(other.roomID.description)])])
            }
            _ = try await accept(invite, in: here, state: [mine.json.value()])
        }
    }
}
