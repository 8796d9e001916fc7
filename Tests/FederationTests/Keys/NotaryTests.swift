import Federation
import FederationAPI
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

/// Notaries as we ask them, and we as one.
@Suite struct NotaryTests {
    /// A notary that has this to say, beside its own keys.
    private func serve(_ answers: [JSONValue], _ fixture: KeysFixture) throws {
        let own = String(
            decoding: try fixture.notary.published(validUntil: fixture.now + KeysFixture.day).canonicalBytes,
            as: UTF8.self)
        let body = String(decoding: (["server_keys": .array(answers)] as JSONValue).canonicalBytes, as: UTF8.self)
        fixture.network.serve(fixture.notary.name) { request in
            (200, request.url.target == "/_matrix/key/v2/server" ? own : body)
        }
    }

    private func countersigned(_ object: JSONValue, by notary: KeyOwner) throws -> JSONValue {
        try JSONSigning.sign(object, serverName: notary.name, key: notary.key)
    }

    @Test func aNotaryKnowsTheKeysOfADeadServer() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let published = try theirs.published(validUntil: fixture.now + KeysFixture.day)
            try serve([try countersigned(published, by: fixture.notary)], fixture)
            let worker = fixture.worker(notaries: [fixture.notary.name])
            #expect(
                try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
                    == theirs.key.publicKey)
            #expect(
                fixture.network.requests.map(\.target) == [
                    "/_matrix/key/v2/server", "/_matrix/key/v2/query", "/_matrix/key/v2/server",
                ])
        }
    }

    @Test func aServerThatAnswersIsBelievedWithoutNotaries() async throws {
        try await KeysFixture.with { fixture in
            try serve([], fixture)
            try fixture.publish(fixture.theirs)
            let worker = fixture.worker(notaries: [fixture.notary.name])
            let theirs = fixture.theirs
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
            #expect(fixture.network.count(of: fixture.notary.name.description) == 0)
        }
    }

    @Test func aNotaryThatLiesIsNotBelieved() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let published = try theirs.published(validUntil: fixture.now + KeysFixture.day)
            let liar = KeyOwner("notary.example:3", seed: 99, version: "n")
            var stripped = published
            stripped["signatures"] = [:]
            let other = try #require(ServerName("victim.example"))
            let victim = try theirs.published(validUntil: fixture.now + KeysFixture.day, as: other)
            let lies = [
                // Without its own signature, with one by another key, and without the server's.
                published, try countersigned(published, by: liar), try countersigned(stripped, by: fixture.notary),
                // Somebody else's keys, which nobody asked for.
                try countersigned(victim, by: fixture.notary),
            ]
            for lie in lies {
                try serve([lie], fixture)
                let worker = fixture.worker(notaries: [fixture.notary.name])
                #expect(
                    try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            }
            #expect(try await fixture.store.keys(of: theirs.name).isEmpty)
            #expect(try await fixture.store.keys(of: other).isEmpty)
        }
    }

    @Test func aNotaryDoesNotReplaceWhatTheServerSaid() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs, for: 1000)
            let worker = fixture.worker(notaries: [fixture.notary.name])
            let start = fixture.now
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start) != nil)
            fixture.network.serve(theirs.name, nil)
            let forged = KeyOwner("theirs.example:2", seed: 66)
            try serve(
                [
                    try countersigned(
                        forged.published(validUntil: start + 2 * KeysFixture.day), by: fixture.notary)
                ], fixture)
            fixture.clock.advance(by: .seconds(60))
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            for worker in [worker, fixture.worker()] {
                let key = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start)
                #expect(key == theirs.key.publicKey)
            }
        }
    }

    // MARK: We as a notary

    private func notary(_ fixture: KeysFixture) throws -> KeyNotary {
        let old = ServerKeys.OldKey(key: fixture.theirs.key.publicKey, expiredMilliseconds: 5)
        return KeyNotary(
            serverName: fixture.ours,
            ownKeys: OwnKeys(current: fixture.ownKey, old: [try #require(SigningKeyID("ed25519:before")): old]),
            remote: fixture.worker(), clock: fixture.clock)
    }

    private func query(_ server: ServerName, until: Int64? = nil, keyIDs: [SigningKeyID] = []) -> KeyQuery {
        KeyQuery(server: server, keyIDs: keyIDs, minimumValidUntilMilliseconds: until)
    }

    private func read(_ object: JSONValue, of server: ServerName) throws -> ServerKeys {
        try ServerKeys(JSONDocument(parsing: object.canonicalBytes).root, of: server)
    }

    @Test func ourKeysArePublishedWithTheExpiredOnes() async throws {
        try await KeysFixture.with { fixture in
            let keys = try read(try notary(fixture).published(), of: fixture.ours)
            #expect(keys.verifyKeys == [fixture.ownKey.id: fixture.ownKey.publicKey])
            #expect(keys.oldVerifyKeys.values.map(\.expiredMilliseconds) == [5])
            // Longer than the hour below which others ask again at once, shorter than what anybody believes.
            let hour: Int64 = 3600 * 1000
            let validity = keys.validUntilMilliseconds - fixture.now
            #expect(validity > hour && validity <= ServerKeys.longestValidityMilliseconds)
        }
    }

    @Test func weVouchForWhatServersPublish() async throws {
        try await KeysFixture.with { fixture in
            try fixture.publish(fixture.theirs)
            let notary = try notary(fixture)
            for _ in 0..<3 {
                let answers = try await notary.answer([query(fixture.theirs.name), query(fixture.ours)])
                #expect(answers.count == 2)
                _ = try read(answers[0], of: fixture.theirs.name)
                _ = try read(answers[1], of: fixture.ours)
                let view = try JSONDocument(parsing: answers[0].canonicalBytes).root
                #expect(
                    JSONSigning.verify(
                        view, serverName: fixture.ours, keyID: fixture.ownKey.id, publicKey: fixture.ownKey.publicKey))
            }
            #expect(fixture.network.requests.count == 1)
        }
    }

    @Test func whatIsKnownIsToldAfterTheServerIsGone() async throws {
        try await KeysFixture.with { fixture in
            try fixture.publish(fixture.theirs)
            let notary = try notary(fixture)
            #expect(try await notary.answer([query(fixture.theirs.name)]).count == 1)
            fixture.network.serve(fixture.theirs.name, nil)
            fixture.clock.advance(by: .seconds(30 * 24 * 3600))
            #expect(try await notary.answer([query(fixture.theirs.name)]).count == 1)
            #expect(fixture.network.requests.count == 2)
        }
    }

    @Test func aServerIsAskedAgainWhenItsKeysAreHalfOver() async throws {
        try await KeysFixture.with { fixture in
            try fixture.publish(fixture.theirs)
            let notary = try notary(fixture)
            _ = try await notary.answer([query(fixture.theirs.name)])
            fixture.clock.advance(by: .seconds(11 * 3600))
            _ = try await notary.answer([query(fixture.theirs.name)])
            #expect(fixture.network.requests.count == 1)
            fixture.clock.advance(by: .seconds(2 * 3600))
            try fixture.publish(fixture.theirs)
            let answers = try await notary.answer([query(fixture.theirs.name)])
            #expect(fixture.network.requests.count == 2)
            let keys = try read(try #require(answers.first), of: fixture.theirs.name)
            #expect(keys.validUntilMilliseconds == fixture.now + KeysFixture.day)
            // More is wanted than the server promises: it is asked, and then not again at once.
            for _ in 0..<20 {
                _ = try await notary.answer([query(fixture.theirs.name, until: fixture.now + 6 * KeysFixture.day)])
            }
            #expect(fixture.network.requests.count <= 3)
        }
    }

    @Test func strangersDoNotMakeUsAskTheWholeWorld() async throws {
        try await KeysFixture.with { fixture in
            let notary = try notary(fixture)
            let queries = (0..<500).compactMap { ServerName("host\($0).example:9").map { query($0) } }
            #expect(try await notary.answer(queries).isEmpty)
            #expect(fixture.network.requests.count <= 10)
            // Nor the same one again and again, with keys that it does not have.
            try fixture.publish(fixture.theirs)
            let before = fixture.network.requests.count
            for number in 0..<50 {
                let id = try #require(SigningKeyID("ed25519:z\(number)"))
                #expect(try await notary.answer([query(fixture.theirs.name, keyIDs: [id])]).count == 1)
            }
            #expect(fixture.network.requests.count == before + 1)
        }
    }

    /// Two servers that trust each other's word must not wait for each other.
    @Test func asANotaryWeAskNoOther() async throws {
        try await KeysFixture.with { fixture in
            try serve([], fixture)
            let notary = KeyNotary(
                serverName: fixture.ours, ownKeys: OwnKeys(current: fixture.ownKey),
                remote: fixture.worker(notaries: [fixture.notary.name]), clock: fixture.clock)
            #expect(try await notary.answer([query(fixture.theirs.name)]).isEmpty)
            #expect(fixture.network.count(of: fixture.notary.name.description) == 0)
        }
    }
}
