import ApusTesting
import Encryption
import MatrixCore
import Storage
import Testing

@Suite struct CrossSigningUploadTests {
    private let userID = "@alice:example.org"

    @Test func theFirstKeysNeedNoAuthenticationAndOthersDo() async throws {
        try await KeyWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let (first, second) = (try CrossSigner(userID, seed: 10), try CrossSigner(userID, seed: 20))
            #expect(try await worker.setCrossSigning(first.upload(), of: alice))
            // The same again is fine, and is no news.
            let head = try await worker.head(of: alice)
            #expect(try await worker.setCrossSigning(first.upload(), of: alice))
            #expect(try await worker.setCrossSigning(["master_key": first.masterKey()], of: alice))
            #expect(try await worker.news(of: alice, since: head).isEmpty)
            #expect(try await !worker.setCrossSigning(second.upload(), of: alice))
            let changed: JSONValue = [
                "user_signing_key": try first.signedByMaster(first.object(second.userSigning, "user_signing"))
            ]
            #expect(try await !worker.setCrossSigning(changed, of: alice))
            for (viewer, shows) in [(alice, true), (bob, false)] {
                let shown = try await worker.shown(alice, to: viewer)
                #expect(shown["master_keys"] == .object([userID: first.masterKey()]))
                #expect(shown["self_signing_keys"] == .object([userID: try first.selfSigningKey()]))
                #expect(shown["user_signing_keys"] == (shows ? .object([userID: try first.userSigningKey()]) : [:]))
            }
            #expect(try await worker.setCrossSigning(second.upload(), of: alice, isAuthorised: true))
            #expect(try await worker.shown(alice, to: bob)["master_keys"] == .object([userID: second.masterKey()]))
        }
    }

    @Test func aMasterKeyTakesTheOthersAlong() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let (first, second) = (try CrossSigner(userID, seed: 10), try CrossSigner(userID, seed: 20))
            #expect(try await worker.setCrossSigning(first.upload(), of: alice))
            #expect(try await worker.setCrossSigning(["master_key": second.masterKey()], of: alice, isAuthorised: true))
            var shown = try await worker.shown(alice, to: alice)
            #expect(shown["master_keys"] == .object([userID: second.masterKey()]))
            #expect(shown["self_signing_keys"] == [:] && shown["user_signing_keys"] == [:])
            // An old key under a new master key.
            let moved = try second.signedByMaster(second.object(first.selfSigning, "self_signing"))
            #expect(try await worker.setCrossSigning(["self_signing_key": moved], of: alice, isAuthorised: true))
            shown = try await worker.shown(alice, to: alice)
            #expect(shown["self_signing_keys"] == .object([userID: moved]))
            #expect(try await worker.setCrossSigning(first.upload(), of: alice, isAuthorised: true))
            shown = try await worker.shown(alice, to: alice)
            #expect(shown["self_signing_keys"] == .object([userID: try first.selfSigningKey()]))
        }
    }

    @Test func forgedKeysAreRefusedAndNothingIsStored() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let (mine, other) = (try CrossSigner(userID, seed: 10), try CrossSigner(userID, seed: 20))
            func code(_ keys: JSONValue) async -> Errcode? {
                await refusal { _ = try await worker.setCrossSigning(keys, of: alice) }
            }
            #expect(await code([:]) == .missingParam)
            #expect(await code(["self_signing_key": try mine.selfSigningKey()]) == .missingParam)
            #expect(
                await code(["master_key": mine.masterKey(), "self_signing_key": try other.selfSigningKey()])
                    == .invalidSignature)
            #expect(
                await code([
                    "master_key": mine.masterKey(), "user_signing_key": mine.object(mine.userSigning, "user_signing"),
                ]) == .invalidSignature)
            #expect(
                await code([
                    "master_key": mine.masterKey(),
                    "self_signing_key": try mine.signedByMaster(mine.object(mine.master, "self_signing")),
                ]) == .invalidParam)
            #expect(
                await code(["master_key": try CrossSigner("@bob:example.org", seed: 1).masterKey()]) == .invalidParam)
            #expect(try await worker.shown(alice, to: alice)["master_keys"] == [:])
            #expect(try await worker.setCrossSigning(["master_key": mine.masterKey()], of: alice))
            // From now on by the master key that is there.
            #expect(await code(["self_signing_key": try other.selfSigningKey()]) == .invalidSignature)
        }
    }

    @Test func noKeyIsCalledLikeADevice() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let mine = try CrossSigner(userID, seed: 10)
            _ = try await worker.device(mine.selfSigning.publicKey, of: alice, seed: 1)
            #expect(await refusal { _ = try await worker.setCrossSigning(mine.upload(), of: alice) } == .forbidden)
            #expect(try await worker.shown(alice, to: alice)["master_keys"] == [:])
        }
    }

    @Test func devicesMayVouchForTheMasterKey() async throws {
        try await KeyWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys())
            let mine = try CrossSigner(userID, seed: 10)
            let gone = try KeyedDevice(userID, "GONE", seed: 3)
            let vouched = try phone.sign(mine.masterKey())
            #expect(try await worker.setCrossSigning(["master_key": gone.sign(vouched)], of: alice))
            #expect(try await worker.shown(alice, to: bob)["master_keys"] == .object([userID: vouched]))
            try await worker.close("PHONE", of: alice)
            #expect(try await worker.shown(alice, to: bob)["master_keys"] == .object([userID: mine.masterKey()]))
        }
    }

    /// Two clients of a new user set up cross-signing at once.
    @Test func oneOfTwoFirstUploadsWins() async throws {
        try await KeyWorker.with(2) { workers in
            let alice = try await workers[0].user("alice")
            let uploads = try [10, 20].map { try CrossSigner("@alice:example.org", seed: $0).upload() }
            async let first = workers[0].setCrossSigning(uploads[0], of: alice)
            async let second = workers[1].setCrossSigning(uploads[1], of: alice)
            let outcomes = try await [first, second]
            #expect(outcomes.filter { $0 }.count == 1)
        }
    }

    @Test func whoHearsOfItDependsOnTheKey() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let mine = try CrossSigner(userID, seed: 10)
            #expect(try await worker.setCrossSigning(["master_key": mine.masterKey()], of: alice))
            let log = LogStore(pool: worker.pool)
            #expect(try await log.rows(of: alice.shard, after: 0).map(\.memberNIDs) == [[]])
            let head = try await worker.head(of: alice)
            let keys: JSONValue = ["user_signing_key": try mine.userSigningKey()]
            #expect(try await worker.setCrossSigning(keys, of: alice, isAuthorised: true))
            #expect(try await log.rows(of: alice.shard, after: head).map(\.memberNIDs) == [[alice.nid]])
        }
    }
}
