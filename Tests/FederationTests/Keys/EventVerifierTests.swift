import Federation
import FederationAPI
import MatrixCore
import Testing

@Suite struct EventVerifierTests {
    private let ours = ServerName("ours.example")!
    private let theirs = ServerName("theirs.example")!
    private let ownKey = SigningKey(version: "own", seed: Array(repeating: 1, count: 32))!
    private let oldKey = SigningKey(version: "old", seed: Array(repeating: 2, count: 32))!
    private let theirKey = SigningKey(version: "t", seed: Array(repeating: 3, count: 32))!
    private let stranger = SigningKey(version: "t", seed: Array(repeating: 4, count: 32))!
    private let room = RoomID("!room:theirs.example")!

    /// Their key, valid until 1000.
    private struct Keys: RemoteKeys {
        let server: ServerName
        let known: SigningKey

        func key(
            _ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64
        ) async throws -> Ed25519PublicKey? {
            guard server == self.server, id == known.id, validAtMilliseconds <= 1000 else { return nil }
            return known.publicKey
        }
    }

    private var verifier: EventVerifier {
        EventVerifier(
            serverName: ours,
            ownKeys: OwnKeys(
                current: ownKey,
                old: [oldKey.id: ServerKeys.OldKey(key: oldKey.publicKey, expiredMilliseconds: 1000)]),
            keys: Keys(server: theirs, known: theirKey))
    }

    private func event(
        _ text: String = "hello", by sender: String = "@u:theirs.example", at time: Int64 = 500,
        version: RoomVersion = .v11, key: SigningKey? = nil, server: ServerName? = nil
    ) throws -> JSONValue {
        var builder = try EventBuilder(
            version: version, roomID: room, type: "m.room.message", sender: try #require(UserID(sender)),
            content: ["msgtype": "m.text", "body": .string(text)])
        builder.originServerTS = time
        if version.eventIDFormat == .chosen {
            builder.chosenEventID = EventID("$\(time)\(text.utf8.count):theirs.example")
        }
        return try builder.signed(by: server ?? theirs, with: key ?? theirKey).json.value()
    }

    private func check(
        _ pdus: [JSONValue], version: RoomVersion = .v11
    ) async throws -> [Result<Event, PDUFailure>] {
        await verifier.check(try pdus.map { try JSONDocument(parsing: $0.canonicalBytes).root }, in: version)
    }

    private func failure(_ pdu: JSONValue, version: RoomVersion = .v11) async throws -> PDUFailure? {
        guard case .failure(let failure)? = try await check([pdu], version: version).first else { return nil }
        return failure
    }

    @Test func goodEventsPassAsTheyAre() async throws {
        let results = try await check([try event("a"), try event("b")])
        #expect(try results.map { try $0.get().content["body"]?.string } == ["a", "b"])
    }

    @Test func oneBadEventDoesNotCostItsNeighbours() async throws {
        var pdus: [JSONValue] = []
        for number in 0..<300 {
            switch number % 5 {
            case 1: pdus.append(["type": "m.room.message"])
            case 2: pdus.append(try event("\(number)", key: stranger))
            case 3: pdus.append(.string("no event"))
            default: pdus.append(try event("\(number)"))
            }
        }
        let results = try await check(pdus)
        #expect(results.count == 300)
        for (number, result) in results.enumerated() {
            let text = try? result.get().content["body"]?.string
            #expect(text == ([1, 2, 3].contains(number % 5) ? nil : "\(number)"))
        }
    }

    @Test func contentThatIsNotWhatWasHashedIsTakenAway() async throws {
        var pdu = try event()
        pdu["content"] = ["msgtype": "m.text", "body": "another"]
        let event = try #require(try await check([pdu]).first?.get())
        #expect(event.content["body"] == nil)
        #expect(event.sender.description == "@u:theirs.example")
    }

    @Test func whatIsCoveredByTheSignatureCannotBeChanged() async throws {
        var pdu = try event()
        pdu["depth"] = 7
        #expect(try await failure(pdu) == .badSignature(of: theirs))
        #expect(try await failure(event(key: stranger)) == .badSignature(of: theirs))
    }

    @Test func theSendersServerMustHaveSigned() async throws {
        // Signed well, by another server than the sender's.
        let forged = try event(by: "@victim:ours.example")
        #expect(try await failure(forged) == .unsigned(by: ours))
        var unsigned = try event()
        unsigned["signatures"] = [:]
        #expect(try await failure(unsigned) == .unsigned(by: theirs))
        let gone = try #require(ServerName("gone.example"))
        let unknown = try #require(try await failure(event(by: "@u:gone.example", server: gone)))
        #expect(unknown == .keysUnknown(of: gone) && unknown.mayPassLater)
    }

    @Test func keysMustHaveBeenValidWhereTheRoomVersionSaysSo() async throws {
        #expect(try await failure(event(at: 1000)) == nil)
        #expect(try await failure(event(at: 1001)) == .keysUnknown(of: theirs))
        #expect(try await failure(event(at: 1001, version: .v4), version: .v4) == nil)
        // An event from after the key's end does not cost one from before.
        let both = try await check([try event("late", at: 1001), try event("early", at: 999)])
        #expect((try? both[0].get()) == nil)
        #expect(try both[1].get().content["body"]?.string == "early")
    }

    @Test func ourOwnEventsComeBack() async throws {
        let mine = "@me:ours.example"
        #expect(try await failure(event(by: mine, at: 9_000_000, key: ownKey, server: ours)) == nil)
        #expect(try await failure(event(by: mine, at: 900, key: oldKey, server: ours)) == nil)
        #expect(try await failure(event(by: mine, at: 1001, key: oldKey, server: ours)) == .keysUnknown(of: ours))
        let forged = try #require(SigningKey(version: "own", seed: Array(repeating: 9, count: 32)))
        #expect(try await failure(event(by: mine, key: forged, server: ours)) == .badSignature(of: ours))
    }

    @Test func aJoinThatSomebodyAuthorisedNeedsTheirServersSignature() async throws {
        var builder = try EventBuilder(
            version: .v11, roomID: room, type: "m.room.member", stateKey: "@u:theirs.example",
            sender: try #require(UserID("@u:theirs.example")),
            content: ["membership": "join", "join_authorised_via_users_server": "@me:ours.example"])
        builder.originServerTS = 500
        let event = try builder.signed(by: theirs, with: theirKey)
        #expect(try await failure(event.json.value()) == .unsigned(by: ours))
        #expect(try await failure(event.signed(by: ours, with: ownKey).json.value()) == nil)
    }

    @Test func manySignaturesAreNotAllLookedFor() async throws {
        var pdu = try event()
        var signatures = try #require(pdu["signatures"]?["theirs.example"])
        for number in 0..<200 { signatures["ed25519:x\(number)"] = "AAAA" }
        pdu["signatures"] = ["theirs.example": signatures]
        // Whatever becomes of it, it takes no hundreds of look-ups.
        let counting = CountingKeys()
        let verifier = EventVerifier(serverName: ours, ownKeys: OwnKeys(current: ownKey), keys: counting)
        _ = await verifier.check([try JSONDocument(parsing: pdu.canonicalBytes).root], in: .v11)
        #expect(await counting.count <= 8)
    }

    private actor CountingKeys: RemoteKeys {
        private(set) var count = 0
        func key(
            _ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64
        ) async throws -> Ed25519PublicKey? {
            count += 1
            return nil
        }
    }
}
