import ApusTesting
import Encryption
import MatrixCore
import Storage
import Testing

@Suite struct KeyUploadTests {
    @Test func keysAreShownAsTheyWerePublished() async throws {
        try await KeyWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let phone = try await worker.device("PHONE", of: alice, seed: 1, named: "My phone")
            let keys = try phone.deviceKeys()
            #expect(
                try await worker.upload(alice, "PHONE", device: keys, oneTime: phone.oneTimeKeys(0..<3)) == [
                    "signed_curve25519": 3
                ])
            var shown = keys
            shown["unsigned"] = ["device_display_name": "My phone"]
            let answer = try await worker.shown(alice, to: bob)
            #expect(answer["device_keys"]?["@alice:example.org"] == ["PHONE": shown])
            #expect(answer["master_keys"] == [:])
        }
    }

    @Test func theSameKeysAgainAreFine() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            for _ in 0..<3 {
                let counts = try await worker.upload(
                    alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<3),
                    fallback: ["signed_curve25519:F": phone.oneTimeKey(100, isFallback: true)])
                #expect(counts == ["signed_curve25519": 3])
            }
            #expect(try await worker.news(of: alice, since: 0).filter { $0 == .deviceLists }.count <= 2)
            let head = try await worker.head(of: alice)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<3))
            #expect(try await worker.news(of: alice, since: head).isEmpty)
        }
    }

    @Test func anotherKeyUnderAKnownNameIsRefusedWithAllThatCameWithIt() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<1))
            var keys = try phone.oneTimeKeys(1..<3)
            keys["signed_curve25519:K0"] = try phone.oneTimeKey(99)
            let error = await #expect(throws: MatrixError.self) {
                try await worker.upload(alice, "PHONE", oneTime: keys)
            }
            #expect(error?.errcode == .unknown && error?.status == 400)
            #expect(error?.message.contains("signed_curve25519:K0 already exists") == true)
            #expect(try await worker.upload(alice, "PHONE") == ["signed_curve25519": 1])
        }
    }

    /// A client that did not get the answer sends its keys again; one of them somebody has by then.
    @Test func aRepeatedUploadDoesNotBringBackWhatWasGivenOut() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            let keys = try phone.oneTimeKeys(0..<2)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys(), oneTime: keys)
            let first = try #require(try await worker.claim(alice, "PHONE"))
            #expect(try await worker.upload(alice, "PHONE", oneTime: keys) == ["signed_curve25519": 1])
            let second = try #require(try await worker.claim(alice, "PHONE"))
            #expect(first != second)
            #expect(try await worker.upload(alice, "PHONE", oneTime: keys) == [:])
            #expect(try await worker.claim(alice, "PHONE") == nil)
            // A device that was set back counts anew: that is another key.
            #expect(
                try await worker.upload(alice, "PHONE", oneTime: ["signed_curve25519:K0": phone.oneTimeKey(50)]) == [
                    "signed_curve25519": 1
                ])
            #expect(try await worker.claim(alice, "PHONE") == "signed_curve25519:K0")
        }
    }

    @Test func aDeviceHasFiveHundredKeysOfAnAlgorithm() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            let limit = Int(DeviceKeyStore.maxOneTimeKeys)
            _ = try await worker.upload(
                alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<limit))
            #expect(
                await refusal { try await worker.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(limit..<limit + 1)) }
                    == .invalidParam)
            #expect(
                await refusal { try await worker.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(0..<limit)) } == nil)
            _ = try await worker.claim(alice, "PHONE")
            #expect(
                try await worker.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(limit..<limit + 1)) == [
                    "signed_curve25519": limit
                ])
            let flood = JSONValue.object(
                Dictionary((0..<5_000).map { ("signed_curve25519:\($0)", 5) }, uniquingKeysWith: { $1 }))
            #expect(await refusal { try await worker.upload(alice, "PHONE", oneTime: flood) } == .invalidParam)
        }
    }

    @Test func badKeysAreRefusedAndNothingIsStored() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            let other = try KeyedDevice("@alice:example.org", "PHONE", seed: 2)
            let good = try phone.deviceKeys()
            // Nothing to check them by.
            #expect(
                await refusal { try await worker.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(0..<1)) }
                    == .invalidParam)
            #expect(
                await refusal {
                    try await worker.upload(alice, "PHONE", device: good, oneTime: other.oneTimeKeys(0..<1))
                } == .invalidSignature)
            #expect(
                await refusal {
                    try await worker.upload(alice, "PHONE", device: good, fallback: ["a:1": "x"])
                } == .invalidParam)
            #expect(
                await refusal {
                    try await worker.upload(
                        alice, "PHONE", device: good,
                        fallback: [
                            "signed_curve25519:1": phone.oneTimeKey(1), "signed_curve25519:2": phone.oneTimeKey(2),
                        ])
                } == .invalidParam)
            #expect(await refusal { try await worker.upload(alice, "OTHER", device: good) } == .badJSON)
            #expect(try await worker.shown(alice, to: alice)["device_keys"]?["@alice:example.org"] == [:])
            #expect(try await worker.upload(alice, "PHONE", device: good) == [:])
            #expect(
                await refusal { try await worker.upload(alice, "PHONE", oneTime: other.oneTimeKeys(0..<1)) }
                    == .invalidSignature)
        }
    }

    @Test func aDeviceThatIsGonePublishesNothing() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(
                alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<2),
                fallback: ["signed_curve25519:F": phone.oneTimeKey(100)])
            try await worker.close("PHONE", of: alice)
            #expect(
                await refusal { try await worker.upload(alice, "PHONE", device: phone.deviceKeys()) } == .unknownToken)
            #expect(try await worker.claim(alice, "PHONE") == nil)
            #expect(try await worker.shown(alice, to: alice)["device_keys"]?["@alice:example.org"] == [:])
        }
    }

    @Test func aNewIdentityEndsTheKeysOfTheOld() async throws {
        try await KeyWorker.with(2) { workers in
            let (one, two) = (workers[0], workers[1])
            let alice = try await one.user("alice")
            let phone = try await one.device("PHONE", of: alice, seed: 1)
            _ = try await one.upload(alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<2))
            _ = try await two.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(2..<4))
            let renewed = try KeyedDevice("@alice:example.org", "PHONE", seed: 2)
            #expect(
                try await one.upload(alice, "PHONE", device: renewed.deviceKeys(), oneTime: renewed.oneTimeKeys(0..<1))
                    == ["signed_curve25519": 1])
            // The other worker remembers the old identity.
            #expect(
                await refusal { try await two.upload(alice, "PHONE", oneTime: phone.oneTimeKeys(7..<8)) }
                    == .invalidSignature)
            #expect(
                try await two.upload(alice, "PHONE", oneTime: renewed.oneTimeKeys(1..<2)) == ["signed_curve25519": 2])
            let answer = try await two.shown(alice, to: alice)
            #expect(answer["device_keys"]?["@alice:example.org"]?["PHONE"]?["keys"] == renewed.unsigned["keys"])
        }
    }

    @Test func anUploadTakesOneStatement() async throws {
        let counter = StatementCounter()
        try await KeyWorker.with(observer: counter) { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            let (first, second) = (try phone.oneTimeKeys(0..<50), try phone.oneTimeKeys(50..<100))
            let keys = try phone.deviceKeys()
            let published = try await counter.counting {
                try await worker.upload(alice, "PHONE", device: keys, oneTime: first)
            }
            #expect(published.statements == ["device_keys.upload": 1])
            let more = try await counter.counting { try await worker.upload(alice, "PHONE", oneTime: second) }
            #expect(more.statements == ["device_keys.upload": 1])
        }
    }
}
