import Federation
import FederationAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct RemoteServerKeysTests {
    @Test func aKeyIsFetchedOnceForAllWorkers() async throws {
        try await KeysFixture.with { fixture in
            let (theirs, network) = (fixture.theirs, fixture.network)
            try fixture.publish(theirs)
            let worker = fixture.worker()
            for _ in 0..<3 {
                let key = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
                #expect(key == theirs.key.publicKey)
            }
            #expect(network.requests.map(\.target) == ["/_matrix/key/v2/server"])
            network.serve(theirs.name, nil)
            let other = fixture.worker()
            #expect(
                try await other.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
                    == theirs.key.publicKey)
            #expect(network.requests.count == 1)
        }
    }

    @Test func ourOwnKeysAndOtherAlgorithmsAreNotLookedFor() async throws {
        try await KeysFixture.with { fixture in
            let worker = fixture.worker()
            #expect(try await worker.key(fixture.ownKey.id, of: fixture.ours, validAtMilliseconds: fixture.now) == nil)
            let id = try #require(SigningKeyID("rsa:1"))
            #expect(try await worker.key(id, of: fixture.theirs.name, validAtMilliseconds: fixture.now) == nil)
            #expect(fixture.network.requests.isEmpty)
        }
    }

    @Test func whatIsNotTheServersOwnIsRefused() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            var unsigned = try theirs.published(validUntil: fixture.now + KeysFixture.day)
            unsigned["signatures"] = [:]
            var changed = try theirs.published(validUntil: fixture.now + KeysFixture.day)
            changed["valid_until_ts"] = .integer(fixture.now + 2 * KeysFixture.day)
            let victim = try #require(ServerName("victim.example"))
            let otherName = try theirs.published(validUntil: fixture.now + KeysFixture.day, as: victim)
            for object in [unsigned, changed, otherName, [:], ["server_keys": []]] {
                fixture.serve(theirs.name, object)
                let worker = fixture.worker()
                #expect(
                    try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            }
            #expect(fixture.network.requests.count == 5)
            #expect(try await fixture.store.keys(of: theirs.name).isEmpty)
            #expect(try await fixture.store.keys(of: victim).isEmpty)
        }
    }

    // MARK: Validity

    @Test func aRequestNeedsAKeyThatIsValidNowAndAnEventOneThatWasThen() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs)
            let worker = fixture.worker()
            let start = fixture.now
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start) != nil)
            fixture.network.serve(theirs.name, nil)
            fixture.clock.advance(by: .seconds(2 * 24 * 3600))
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) == nil)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start) != nil)
            // Room versions before 5 do not ask when.
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: .min) != nil)
        }
    }

    @Test func aKeyThatRanOutIsAskedForAgain() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs)
            let worker = fixture.worker()
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
            fixture.clock.advance(by: .seconds(2 * 24 * 3600))
            try fixture.publish(theirs)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
            #expect(fixture.network.requests.count == 2)
        }
    }

    @Test func noKeyIsBelievedForMoreThanAWeek() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs, for: 1000 * KeysFixture.day)
            let worker = fixture.worker()
            let week = fixture.now + ServerKeys.longestValidityMilliseconds
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: week) != nil)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: week + 1) == nil)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: .max) == nil)
            // An event from the far future cannot be helped by asking.
            #expect(fixture.network.requests.count == 1)
        }
    }

    @Test func expiredKeysCountForWhatTheySigned() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let old = KeyOwner("theirs.example:2", seed: 20, version: "0")
            let soon = KeyOwner("theirs.example:2", seed: 21, version: "00")
            let expired = fixture.now - 1000
            try fixture.publish(
                theirs,
                old: [
                    old.key.id: ServerKeys.OldKey(key: old.key.publicKey, expiredMilliseconds: expired),
                    soon.key.id: ServerKeys.OldKey(
                        key: soon.key.publicKey, expiredMilliseconds: fixture.now + KeysFixture.day),
                ])
            let worker = fixture.worker()
            #expect(
                try await worker.key(old.key.id, of: theirs.name, validAtMilliseconds: expired) == old.key.publicKey)
            #expect(try await worker.key(old.key.id, of: theirs.name, validAtMilliseconds: expired + 1) == nil)
            // One that is old already cannot go on to be old in the future.
            #expect(try await worker.key(soon.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
            #expect(try await worker.key(soon.key.id, of: theirs.name, validAtMilliseconds: fixture.now + 1) == nil)
        }
    }

    @Test func aKeyThatIsNotPublishedAnyMoreStillChecksOldEvents() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs)
            let start = fixture.now
            let worker = fixture.worker()
            _ = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start)
            fixture.clock.advance(by: .seconds(60))
            let next = KeyOwner("theirs.example:2", seed: 30, version: "2")
            try fixture.publish(next)
            #expect(
                try await worker.key(next.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
                    == next.key.publicKey)
            for worker in [worker, fixture.worker()] {
                let old = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: start)
                #expect(old == theirs.key.publicKey)
            }
        }
    }

    @Test func aServerMayGiveAnotherKeyTheSameName() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            try fixture.publish(theirs, for: 1000)
            let worker = fixture.worker()
            _ = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
            fixture.clock.advance(by: .seconds(60))
            let reborn = KeyOwner("theirs.example:2", seed: 31)
            try fixture.publish(reborn)
            let key = try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now)
            #expect(key == reborn.key.publicKey)
            #expect(try await fixture.store.keys(of: theirs.name).map(\.key) == [reborn.key.publicKey])
        }
    }

    /// ATTACKS 36 (CVE-2026-24044, ELEMENTSEC-2025-1670).
    @Test func keysThatEverybodyHasAreNobodys() async throws {
        try await KeysFixture.with { fixture in
            let theirs = fixture.theirs
            let insecure = try #require(Ed25519PublicKey(base64: "l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og"))
            let id = try #require(SigningKeyID("ed25519:bad"))
            try fixture.publish(
                theirs, old: [id: ServerKeys.OldKey(key: insecure, expiredMilliseconds: fixture.now)])
            let worker = fixture.worker()
            #expect(try await worker.key(id, of: theirs.name, validAtMilliseconds: 0) == nil)
            #expect(try await worker.key(theirs.key.id, of: theirs.name, validAtMilliseconds: fixture.now) != nil)
        }
    }

    @Test func keysOfAServerAreBounded() async throws {
        try await KeysFixture.with { fixture in
            let name = fixture.theirs.name
            let key = fixture.theirs.key.publicKey
            for round in 0..<6 as Range<Int64> {
                let records = try (0..<64).map { number in
                    ServerKeyRecord(
                        id: try #require(SigningKeyID("ed25519:\(round)_\(number)")), key: key,
                        validUntilMilliseconds: round, fetchedMilliseconds: round)
                }
                let document = ServerKeyDocument(
                    json: Array("{}".utf8), validUntilMilliseconds: 1, fetchedMilliseconds: round)
                try await fixture.store.keep(records, document: document, of: name)
            }
            let kept = try await fixture.store.keys(of: name)
            #expect(kept.count == Int(ServerKeyStore.maximumKeys))
            #expect(kept.allSatisfy { $0.validUntilMilliseconds >= 2 })
        }
    }

    @Test func whatWasFetchedEarlierDoesNotReplaceWhatWasFetchedLater() async throws {
        try await KeysFixture.with { fixture in
            let (name, id) = (fixture.theirs.name, fixture.theirs.key.id)
            for (fetched, owner) in [(2, fixture.theirs), (1, fixture.notary)] as [(Int64, KeyOwner)] {
                let record = ServerKeyRecord(
                    id: id, key: owner.key.publicKey, validUntilMilliseconds: 9, fetchedMilliseconds: fetched)
                let document = ServerKeyDocument(
                    json: Array("{\"n\":\(fetched)}".utf8), validUntilMilliseconds: 9, fetchedMilliseconds: fetched)
                try await fixture.store.keep([record], document: document, of: name)
            }
            #expect(try await fixture.store.keys(of: name).map(\.key) == [fixture.theirs.key.publicKey])
            #expect(try await fixture.store.documents(of: [name])[name]?.fetchedMilliseconds == 2)
        }
    }
}
