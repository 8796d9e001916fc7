import ApusTesting
import Federation
import HTTPAPI
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// Invites to addresses, through an identity server over real HTTP.
struct ThirdPartyInviteTests {
    private struct Fixture: Sendable {
        let worker: RoomsWorker
        let identity: TestIdentityServer
        let invites: ThirdPartyInvites
        let alice: UserRecord
        let room: RoomID

        var directory: ThirdPartyInvites.Directory {
            ThirdPartyInvites.Directory(server: identity.name, token: TestIdentityServer.token)
        }

        func invite(_ address: String, by user: UserRecord? = nil, token: String = TestIdentityServer.token)
            async throws
        {
            try await invites.invite(
                try #require(ThirdPartyAddress(medium: "email", address: address)), to: room, by: user ?? alice,
                through: ThirdPartyInvites.Directory(server: identity.name, token: token))
        }

        func state() async throws -> RoomSnapshot {
            try #require(try await worker.rooms.reader.current(try await worker.record(room)))
        }

        func proof(_ user: UserRecord, signed: JSONValue, sender: UserID? = nil) throws -> ThirdPartyProof {
            try #require(
                ThirdPartyProof(
                    roomID: room, sender: sender ?? alice.userID, target: user.userID,
                    signed: try JSONDocument(parsing: signed.canonicalBytes).root))
        }
    }

    private func with(_ body: @escaping @Sendable (Fixture) async throws -> Void) async throws {
        try await TestIdentityServer.with { identity, requests in
            try await RoomsWorker.with { worker in
                let alice = try await worker.user("alice")
                let room = try await worker.room(by: alice) {
                    $0.preset = .privateChat
                    $0.name = "Tea"
                }
                let invites = ThirdPartyInvites(
                    rooms: worker.rooms, identity: IdentityServerClient(requests: requests, isTLS: false),
                    client: nil, telemetry: worker.telemetry)
                try await body(
                    Fixture(worker: worker, identity: identity, invites: invites, alice: alice, room: room))
            }
        }
    }

    @Test func whoseAddressIsBoundIsInvitedAtOnce() async throws {
        try await with { here in
            let bob = try await here.worker.user("bob")
            // From the specification's examples.
            here.identity.bind("LJwSazmv46n0hlMlsb_iYxI0_HXEqy_yj6Jm636cdT8", to: bob.userID)
            try await here.invite("Bob@example.com")
            #expect(try await here.state().membership(of: bob.userID) == .invite)
            #expect(here.identity.stored.isEmpty)
        }
    }

    @Test func whoseAddressIsNotBoundGetsAnOfferThatAProofIsExchangedFor() async throws {
        try await with { here in
            try await here.invite("carol@example.com")
            let stored = try #require(here.identity.stored.first)
            #expect(stored["medium"] == "email")
            #expect(stored["address"] == "carol@example.com")
            #expect(stored["room_id"]?.string == here.room.description)
            #expect(stored["sender"]?.string == here.alice.userID.description)
            #expect(stored["room_name"] == "Tea")
            #expect(stored["room_join_rules"] == "invite")
            let offer = try #require(try await here.state().event(EventType.thirdPartyInvite, "token1")).event
            #expect(offer.content["display_name"]?.string == "a...@e...")
            #expect(offer.content["public_key"]?.string == here.identity.publicKey)

            let carol = try await here.worker.user("carol")
            let signed = try here.identity.proof(of: carol.userID, token: "token1")
            await #expect(throws: MatrixError.self) { try await here.worker.rooms.join(here.room, as: carol) }
            await here.invites.redeem([try here.proof(carol, signed: signed)])
            let invite = try #require(try await here.state().event(EventType.member, carol.userID.description)).event
            #expect(invite.membership == .invite)
            #expect(invite.sender == here.alice.userID)
            #expect(invite.content["third_party_invite"]?["display_name"]?.string == "a...@e...")
            try await here.worker.rooms.join(here.room, as: carol)
            #expect(try await here.state().membership(of: carol.userID) == .join)
        }
    }

    @Test func aProofOfSomethingElseIsWorthNothing() async throws {
        try await with { here in
            try await here.invite("carol@example.com")
            let carol = try await here.worker.user("carol")
            let mallory = try await here.worker.user("mallory")
            let good = try here.identity.proof(of: carol.userID, token: "token1")
            // About somebody else.
            #expect(
                ThirdPartyProof(
                    roomID: here.room, sender: here.alice.userID, target: mallory.userID,
                    signed: try JSONDocument(parsing: good.canonicalBytes).root) == nil)
            var forged = good
            forged["mxid"] = .string(mallory.userID.description)
            var unknown = try here.identity.proof(of: carol.userID, token: "token2")
            unknown["token"] = "token2"
            for (user, signed, sender) in [
                (mallory, forged, here.alice.userID), (carol, unknown, here.alice.userID),
                (carol, good, mallory.userID),
            ] {
                let proof = try here.proof(user, signed: signed, sender: sender)
                let refusal = await #expect(throws: MatrixError.self) { try await here.invites.redeem(proof) }
                #expect(refusal?.errcode == .forbidden)
            }
            here.identity.revokeKeys()
            let late = try here.proof(carol, signed: good)
            let refusal = await #expect(throws: MatrixError.self) { try await here.invites.redeem(late) }
            #expect(refusal?.errcode == .forbidden, "its key is valid no more")
            #expect(try await here.state().membership(of: carol.userID) == nil)
        }
    }

    @Test func onlyAServerWhoseUserItIsMayExchange() async throws {
        try await with { here in
            try await here.invite("carol@example.com")
            let there = try PeerServer("there.test")
            let dora = try await here.worker.interning.user(there.user("dora"))
            let signed = try here.identity.proof(of: dora.userID, token: "token1")
            let proof = try here.proof(dora, signed: signed)
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.invites.exchange(proof, from: ServerName("elsewhere.test")!)
            }
            #expect(refusal?.errcode == .forbidden)
            let foreign = try here.proof(dora, signed: signed, sender: there.user("otto"))
            let other = await #expect(throws: MatrixError.self) {
                try await here.invites.exchange(foreign, from: there.name)
            }
            #expect(other?.errcode == .forbidden, "nobody of ours has offered it")
        }
    }

    @Test func whoMayNotInviteTellsNobodyAnAddress() async throws {
        try await with { here in
            let bob = try await here.worker.user("bob")
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.invite("carol@example.com", by: bob)
            }
            #expect(refusal?.errcode == .forbidden)
            #expect(here.identity.stored.isEmpty)
        }
    }

    /// GHSA-95fh-hv8c-chvq: what another server says of a token is not said of ours.
    @Test func whatTheIdentityServerRefusesIsNotOurRefusal() async throws {
        try await with { here in
            let refusal = await #expect(throws: MatrixError.self) {
                try await here.invite("carol@example.com", token: "wrong")
            }
            #expect(refusal?.errcode == .invalidParam)
            here.identity.answerNonsense()
            let nonsense = await #expect(throws: MatrixError.self) { try await here.invite("carol@example.com") }
            #expect(nonsense?.status == 502)
        }
    }

    @Test(arguments: [
        ("email", ""), ("email", "a b"), ("pigeon", "coo"), ("email", String(repeating: "a", count: 501)),
    ])
    func knowsWhatIsNoAddress(medium: String, address: String) {
        #expect(ThirdPartyAddress(medium: medium, address: address) == nil)
    }
}
