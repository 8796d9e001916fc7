import ApusTesting
import Encryption
import MatrixCore
import Storage
import Testing

@Suite struct SignatureUploadTests {
    private struct Scene {
        let alice: UserRecord
        let bob: UserRecord
        let phone: KeyedDevice
        let mine: CrossSigner
        let bobs: CrossSigner

        init(_ worker: KeyWorker) async throws {
            alice = try await worker.user("alice")
            bob = try await worker.user("bob")
            phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys())
            mine = try CrossSigner(alice.userID.description, seed: 10)
            bobs = try CrossSigner(bob.userID.description, seed: 20)
            _ = try await worker.setCrossSigning(mine.upload(), of: alice)
            _ = try await worker.setCrossSigning(bobs.upload(), of: bob)
        }

        func signedPhone() throws -> JSONValue { try mine.sign(phone.unsigned, with: mine.selfSigning) }
        func signedBob() throws -> JSONValue { try mine.sign(bobs.masterKey(), with: mine.userSigning) }
    }

    @Test func everybodySeesThatADeviceIsItsUsers() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            let head = try await worker.head(of: scene.alice)
            #expect(try await worker.sign([(scene.alice, "PHONE", scene.signedPhone())], by: scene.alice).isEmpty)
            #expect(try await worker.news(of: scene.alice, since: head) == [.deviceLists])
            var expected = try scene.mine.sign(scene.phone.deviceKeys(), with: scene.mine.selfSigning)
            expected["unsigned"] = [:]
            for viewer in [scene.alice, scene.bob] {
                let shown = try await worker.shown(scene.alice, to: viewer)
                #expect(shown["device_keys"]?["@alice:example.org"]?["PHONE"] == expected)
            }
            // Once more is no news; publishing the device again keeps it.
            let after = try await worker.head(of: scene.alice)
            #expect(try await worker.sign([(scene.alice, "PHONE", scene.signedPhone())], by: scene.alice).isEmpty)
            _ = try await worker.upload(scene.alice, "PHONE", device: scene.phone.deviceKeys())
            #expect(try await worker.news(of: scene.alice, since: after).isEmpty)
            // Another self-signing key has not signed it.
            let other = try CrossSigner(scene.alice.userID.description, seed: 40)
            _ = try await worker.setCrossSigning(
                ["self_signing_key": scene.mine.signedByMaster(scene.mine.object(other.selfSigning, "self_signing"))],
                of: scene.alice, isAuthorised: true)
            let shown = try await worker.shown(scene.alice, to: scene.bob)
            #expect(
                shown["device_keys"]?["@alice:example.org"]?["PHONE"]?["signatures"]
                    == (try scene.phone.deviceKeys())["signatures"])
        }
    }

    @Test func aDeviceThatComesSignedIsKeptSigned() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            let tablet = try await worker.device("TABLET", of: scene.alice, seed: 5)
            let stranger = try CrossSigner(scene.alice.userID.description, seed: 50)
            let signed = try scene.mine.sign(tablet.deviceKeys(), with: scene.mine.selfSigning)
            _ = try await worker.upload(
                scene.alice, "TABLET", device: stranger.sign(signed, with: stranger.selfSigning))
            let shown = try await worker.shown(scene.alice, to: scene.bob)
            #expect(shown["device_keys"]?["@alice:example.org"]?["TABLET"]?["signatures"] == signed["signatures"])
        }
    }

    @Test func whatAUserSaysOfOthersTheUserAloneIsShown() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            let (head, theirs) = (try await worker.head(of: scene.alice), try await worker.head(of: scene.bob))
            let name = scene.bobs.master.publicKey
            #expect(try await worker.sign([(scene.bob, name, scene.signedBob())], by: scene.alice).isEmpty)
            let rows = try await LogStore(pool: worker.pool).rows(of: scene.alice.shard, after: head)
            #expect(rows.filter { $0.userNID == scene.alice.nid }.map(\.memberNIDs) == [[scene.bob.nid]])
            #expect(try await worker.news(of: scene.bob, since: theirs).isEmpty)
            let key = { (viewer: UserRecord) async throws in
                try await worker.shown(scene.bob, to: viewer)["master_keys"]?["@bob:example.org"]
            }
            #expect(try await key(scene.alice) == scene.signedBob())
            #expect(try await key(scene.bob) == scene.bobs.masterKey())
            #expect(try await key(try await worker.user("eve")) == scene.bobs.masterKey())
            // It was said of that key, and with this one.
            let next = try CrossSigner(scene.bob.userID.description, seed: 60)
            _ = try await worker.setCrossSigning(next.upload(), of: scene.bob, isAuthorised: true)
            #expect(try await key(scene.alice) == next.masterKey())
            _ = try await worker.setCrossSigning(scene.bobs.upload(), of: scene.bob, isAuthorised: true)
            #expect(try await key(scene.alice) == scene.signedBob())
            let other = try scene.mine.signedByMaster(scene.mine.object(next.userSigning, "user_signing"))
            _ = try await worker.setCrossSigning(["user_signing_key": other], of: scene.alice, isAuthorised: true)
            #expect(try await key(scene.alice) == scene.bobs.masterKey())
        }
    }

    @Test func devicesSignTheirMasterKey() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            let signed = try scene.phone.sign(scene.mine.masterKey())
            let name = scene.mine.master.publicKey
            #expect(try await worker.sign([(scene.alice, name, signed)], by: scene.alice).isEmpty)
            #expect(try await worker.shown(scene.alice, to: scene.bob)["master_keys"]?["@alice:example.org"] == signed)
        }
    }

    /// Each is judged by itself: what is good is stored beside what is not.
    @Test func forgeriesFailAlone() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            let (alice, bob) = (scene.alice, scene.bob)
            let stranger = try CrossSigner(alice.userID.description, seed: 70)
            _ = try await worker.device("TABLET", of: alice, seed: 5)
            let tablet = try KeyedDevice(alice.userID.description, "TABLET", seed: 5)
            _ = try await worker.upload(alice, "TABLET", device: tablet.deviceKeys())
            var forged = try scene.mine.sign(tablet.unsigned, with: scene.mine.selfSigning)
            forged["signatures"] = try scene.signedPhone()["signatures"]
            let failures = try await worker.sign(
                [
                    (alice, "PHONE", scene.signedPhone()), (alice, "TABLET", forged),
                    (alice, "NOWHERE", scene.signedPhone()),
                    (alice, scene.mine.master.publicKey, scene.mine.masterKey()),
                    (
                        bob, scene.bobs.master.publicKey,
                        try stranger.sign(scene.bobs.masterKey(), with: stranger.userSigning)
                    ),
                    (bob, "BOBSPHONE", scene.signedBob()),
                    (try await worker.user("keyless"), "KEY", scene.signedBob()),
                ], by: alice)
            #expect(
                failures.mapValues { $0.mapValues(\.errcode) } == [
                    alice.userID: [
                        "TABLET": .invalidSignature, "NOWHERE": .notFound,
                        scene.mine.master.publicKey: .invalidSignature,
                    ],
                    bob.userID: [scene.bobs.master.publicKey: .invalidSignature, "BOBSPHONE": .notFound],
                    UserID("@keyless:example.org")!: ["KEY": .notFound],
                ])
            let shown = try await worker.shown(alice, to: bob)
            let devices = shown["device_keys"]?["@alice:example.org"]
            #expect(devices?["PHONE"]?["signatures"]?["@alice:example.org"]?.object?.count == 2)
            #expect(devices?["TABLET"]?["signatures"]?["@alice:example.org"]?.object?.count == 1)
        }
    }

    @Test func whatIsSignedMustBeWhatIsKnown() async throws {
        try await KeyWorker.with { worker in
            let scene = try await Scene(worker)
            var other = scene.phone.unsigned
            other["algorithms"] = []
            let signed = try scene.mine.sign(other, with: scene.mine.selfSigning)
            let failures = try await worker.sign([(scene.alice, "PHONE", signed)], by: scene.alice)
            #expect(failures[scene.alice.userID]?["PHONE"]?.errcode == .invalidSignature)
        }
    }

    @Test func keysOfAnotherServerAreAskedForAndSigned() async throws {
        let theirs = UserID("@carol:theirs.example")!
        let signer = try CrossSigner(theirs.description, seed: 80)
        let master = try JSONDocument(parsing: signer.masterKey().canonicalBytes).root
        let servers = ScriptedServers(query: { users, _ in
            var told = ToldKeys()
            told.masterKey = master
            return users.mapValues { _ in told }
        })
        try await KeyWorker.with(remote: servers) { worker in
            let scene = try await Scene(worker)
            let carol = try await worker.interning.user(theirs)
            let signed = try scene.mine.sign(signer.masterKey(), with: scene.mine.userSigning)
            #expect(try await worker.sign([(carol, signer.master.publicKey, signed)], by: scene.alice).isEmpty)
            #expect(
                try await worker.shown(carol, to: scene.alice)["master_keys"] == .object([theirs.description: signed]))
            #expect(
                try await worker.shown(carol, to: scene.bob)["master_keys"]
                    == .object([theirs.description: signer.masterKey()]))
        }
    }
}
