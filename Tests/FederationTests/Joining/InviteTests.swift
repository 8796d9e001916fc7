import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// Invites to users of other servers.
@Suite struct InviteTests {
    /// A room here, by bob.
    private func room(_ here: JoiningInstallation, by bob: UserRecord) async throws -> RoomID {
        try await here.rooms.create(RoomCreation(version: .v12), by: bob, aliases: nil)
    }

    @Test func bearsTheSignatureOfTheInvitedServer() async throws {
        let server = try ResidentServer()
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let roomID = try await room(here, by: bob)
            try await here.rooms.invite(server.user("anna"), to: roomID, by: bob)
            let room = try #require(try await here.rooms.reader.room(roomID))
            let now = try #require(try await here.rooms.reader.current(room))
            let invite = try #require(try await now.event(EventType.member, server.user("anna").description)).event
            #expect(invite.membership == .invite)
            #expect(invite.hasSignature(of: server.name))
            #expect(invite.isSigned(by: server.name, keys: [server.key.id: server.key.publicKey]))
        }
    }

    @Test(arguments: ["content", "signature", "nothing", "other"])
    func refusesWhatIsNotOurInvite(change: String) async throws {
        let server = try ResidentServer()
        server.change("invite") { answer in
            var answer = answer
            switch change {
            case "content": answer["event"]?["content"] = ["membership": "invite", "reason": "changed"]
            case "signature":
                answer["event"]?["signatures"]?[server.name.description] = [
                    server.key.id.description: .string(String(repeating: "A", count: 86))
                ]
            case "nothing": answer["event"]?["signatures"]?[server.name.description] = nil
            default: answer["event"] = server.events.first.map(ResidentServer.json)
            }
            return answer
        }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let roomID = try await room(here, by: bob)
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.rooms.invite(server.user("anna"), to: roomID, by: bob)
            }
            #expect(refusal?.status == 502)
            let room = try #require(try await here.rooms.reader.room(roomID))
            let now = try #require(try await here.rooms.reader.current(room))
            #expect(try await now.membership(of: server.user("anna")) == nil)
        }
    }

    @Test func tellsWhatTheInvitedServerSaid() async throws {
        let server = try ResidentServer()
        server.refuse("invite", 403, "M_FORBIDDEN")
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            let roomID = try await room(here, by: bob)
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.rooms.invite(server.user("anna"), to: roomID, by: bob)
            }
            #expect(refusal?.errcode == .forbidden)
        }
    }

    @Test func findsTheRoomOfAnAlias() async throws {
        let server = try ResidentServer()
        try await JoiningInstallation.with(server) { here in
            let aliases = ["#room:\(server.name)", "#none:\(server.name)", "#room:gone.test:8448"].compactMap {
                RoomAlias($0)
            }
            let found = try #require(try await here.remote.room(for: aliases[0]))
            #expect(found.roomID == server.roomID)
            #expect(found.servers == [server.name])
            #expect(try await here.remote.room(for: aliases[1]) == nil)
            let gone = await #expect(throws: MatrixError.self) { try await here.remote.room(for: aliases[2]) }
            #expect(gone?.status == 502)
        }
    }
}
