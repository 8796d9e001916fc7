import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

struct InvitePermissionTests {
    private func decision(_ contents: [String], on inviter: String) throws -> InvitePermission.Decision {
        InvitePermission(contents: contents.map { Array($0.utf8) }).decision(on: try #require(UserID(inviter)))
    }

    @Test(
        arguments: [
            ("{}", "allow", "allow"),
            (#"{"default_action":"block"}"#, "block", "block"),
            (#"{"default_action":"allow"}"#, "allow", "allow"),
            (#"{"default_action":["block"]}"#, "allow", "allow"),
            (#"{"blocked_servers":["*"]}"#, "block", "block"),
            (#"{"allowed_servers":["good.org"],"blocked_servers":["*"]}"#, "allow", "block"),
            (#"{"blocked_servers":["bad.org"]}"#, "allow", "block"),
            (#"{"blocked_users":["@bob:good.org"],"allowed_servers":["good.org"]}"#, "block", "allow"),
            (#"{"allowed_users":["@bob:*"],"blocked_servers":["*"]}"#, "allow", "allow"),
            (
                #"{"allowed_servers":["good.org"],"ignored_servers":["b?d.org"],"blocked_servers":["*"]}"#, "allow",
                "ignore"
            ),
            (#"{"ignored_users":["@BOB:good.org"]}"#, "ignore", "allow"),
            (#"{"enabled":false,"blocked_servers":["*"]}"#, "allow", "allow"),
            // What is not as it should be counts as not there.
            (#"{"enabled":"yes","blocked_servers":["*"]}"#, "allow", "allow"),
            (#"{"blocked_servers":["*"],"ignored_users":"@bob:good.org"}"#, "allow", "allow"),
            (#"{"blocked_servers":["*",1]}"#, "allow", "allow"),
            ("[]", "allow", "allow"),
        ])
    func whatIsSetDecides(content: String, good: String, bad: String) throws {
        #expect("\(try decision([content], on: "@bob:good.org"))" == good)
        #expect("\(try decision([content], on: "@bob:bad.org:8448"))" == bad)
    }

    @Test func eitherConfigurationMayRefuse() throws {
        let contents = [#"{"default_action":"allow"}"#, #"{"blocked_servers":["bad.org"]}"#]
        #expect(try decision(contents, on: "@bob:bad.org") == .block)
        #expect(try decision(contents, on: "@bob:good.org") == .allow)
        #expect(try decision([], on: "@bob:bad.org") == .allow)
    }

    @Test func aBlockedInviteIsNotWrittenByWhateverPathItComes() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let bob = try await worker.user("bob")
            let data = AccountDataStore(pool: worker.pool)
            _ = try await data.set(
                "m.invite_permission_config", in: nil, of: bob, to: Array(#"{"default_action":"block"}"#.utf8), now: 1)
            let roomID = try await worker.room(by: alice) { $0.invites = [bob.userID] }
            let room = try await worker.record(roomID)
            let draft = try EventDraft(
                sender: alice, type: EventType.member, stateKey: bob.userID.description,
                content: ["membership": "invite"])
            for attempt in [
                { try await worker.rooms.invite(bob.userID, to: roomID, by: alice) },
                { _ = try await worker.rooms.send(draft, to: roomID) },
            ] as [() async throws -> Void] {
                let refusal = await #expect(throws: MatrixError.self) { try await attempt() }
                #expect(refusal?.errcode == .inviteBlocked)
                #expect(refusal?.status == 403)
            }
            #expect(try await worker.rooms.reader.current(room)?.membership(of: bob.userID) == nil)
            _ = try await data.set("m.invite_permission_config", in: nil, of: bob, to: Array("{}".utf8), now: 2)
            try await worker.rooms.invite(bob.userID, to: roomID, by: alice)
            #expect(try await worker.rooms.reader.current(room)?.membership(of: bob.userID) == .invite)
        }
    }
}
