import ApusTesting
import Encryption
import MatrixCore
import Storage
import Testing

@Suite struct KeyClaimTests {
    @Test func keysAreGivenOutInTheOrderOfUploads() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            for number in [5, 3, 9, 1] {
                _ = try await worker.upload(
                    alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(number..<number + 1))
            }
            var claimed: [String?] = []
            for _ in 0..<5 { claimed.append(try await worker.claim(alice, "PHONE")) }
            #expect(claimed == ["K5", "K3", "K9", "K1"].map { "signed_curve25519:\($0)" } + [nil])
        }
    }

    /// Many workers want keys of a few devices at the same moment: none is given twice, none is kept back.
    @Test func noKeyIsGivenOutTwice() async throws {
        try await KeyWorker.with(4) { workers in
            let names = ["A", "B", "C"]
            let (keys, rounds) = (40, 12)
            let alice = try await workers[0].user("alice")
            for (seed, name) in names.enumerated() {
                let device = try await workers[0].device(name, of: alice, seed: UInt8(seed + 1))
                _ = try await workers[0].upload(
                    alice, name, device: device.deviceKeys(), oneTime: device.oneTimeKeys(0..<keys))
            }
            let wishes = [alice.userID: Dictionary(names.map { ($0, "signed_curve25519") }, uniquingKeysWith: { $1 })]
            let given = try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in workers {
                    group.addTask {
                        try await withThrowingTaskGroup(of: [String].self) { inner in
                            for _ in 0..<rounds {
                                inner.addTask {
                                    let answer = try await worker.claims.claim(wishes)
                                    return (answer.keys[alice.userID] ?? [:]).map { "\($0.key) \($0.value.name)" }
                                }
                            }
                            return try await inner.reduce(into: []) { $0 += $1 }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(given).count == given.count)
            #expect(given.count == names.count * keys)
            for name in names { #expect(try await workers[1].claim(alice, name) == nil) }
        }
    }

    @Test func theFallbackKeyIsGivenWhenNoneIsLeftAndMarked() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            let fallback: JSONValue = ["signed_curve25519:F": try phone.oneTimeKey(100, isFallback: true)]
            _ = try await worker.upload(
                alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<1), fallback: fallback)
            #expect(try await worker.store.counts(of: "PHONE", alice.nid).unusedFallbackTypes == ["signed_curve25519"])
            #expect(try await worker.claim(alice, "PHONE") == "signed_curve25519:K0")
            #expect(try await worker.store.counts(of: "PHONE", alice.nid).unusedFallbackTypes == ["signed_curve25519"])
            for _ in 0..<3 { #expect(try await worker.claim(alice, "PHONE") == "signed_curve25519:F") }
            #expect(try await worker.store.counts(of: "PHONE", alice.nid).unusedFallbackTypes == [])
            // The same one again stays used, another one is not.
            _ = try await worker.upload(alice, "PHONE", fallback: fallback)
            #expect(try await worker.store.counts(of: "PHONE", alice.nid).unusedFallbackTypes == [])
            _ = try await worker.upload(
                alice, "PHONE", fallback: ["signed_curve25519:G": phone.oneTimeKey(101, isFallback: true)])
            #expect(try await worker.store.counts(of: "PHONE", alice.nid).unusedFallbackTypes == ["signed_curve25519"])
            #expect(try await worker.claim(alice, "PHONE") == "signed_curve25519:G")
        }
    }

    @Test func whoeverIsAskedForButNotThereHasNoKeys() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1)
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys(), oneTime: phone.oneTimeKeys(0..<2))
            let nobody = try #require(UserID("@nobody:example.org"))
            let answer = try await worker.claims.claim([
                alice.userID: ["PHONE": "signed_curve25519", "OTHER": "signed_curve25519"],
                nobody: ["PHONE": "signed_curve25519"],
            ])
            #expect(answer.keys.mapValues { Array($0.keys) } == [alice.userID: ["PHONE"]])
            #expect(try await worker.claim(alice, "PHONE", "my_algorithm") == nil)
            let wishes = [
                alice.userID: Dictionary(
                    (0...KeyClaims.maximumDevices).map { ("\($0)", "x") }, uniquingKeysWith: { $1 })
            ]
            #expect(await refusal { _ = try await worker.claims.claim(wishes) } == .invalidParam)
        }
    }

    /// As many devices as an encrypted room has.
    @Test func manyDevicesTakeOneStatementForTwoHundred() async throws {
        let counter = StatementCounter()
        try await KeyWorker.with(observer: counter) { worker in
            var wishes: [UserID: [String: String]] = [:]
            for number in 0..<30 {
                let user = try await worker.user("u\(number)")
                for name in ["A", "B"] {
                    let device = try await worker.device(name, of: user, seed: 1)
                    _ = try await worker.upload(
                        user, name, device: device.deviceKeys(), oneTime: device.oneTimeKeys(0..<1))
                    wishes[user.userID, default: [:]][name] = "signed_curve25519"
                }
            }
            let claimed = try await counter.counting { try await worker.claims.claim(wishes) }
            #expect(claimed.statements == ["device_keys.claim": 1])
            #expect(claimed.value.keys.values.reduce(0) { $0 + $1.count } == 60)
        }
    }

    // MARK: Other servers

    @Test func otherServersAreAskedSideBySideAndMayFail() async throws {
        let key = try JSONDocument(parsing: #"{"signed_curve25519:X":{"key":"k"},"other:Y":"z"}"#)
        let servers = ScriptedServers(claim: { wishes, server in
            if server.description == "down.example" { throw MatrixError(.unknown, "gone", status: 502) }
            if server.description == "slow.example" { try await Task.sleep(for: .seconds(60)) }
            let devices = ["D": key.root.object!, "UNASKED": key.root.object!]
            return Dictionary(
                (Array(wishes.keys) + [UserID("@unasked:\(server)")!, UserID("@alice:example.org")!]).map {
                    ($0, devices)
                },
                uniquingKeysWith: { $1 })
        })
        try await KeyWorker.with(remote: servers) { worker in
            let names = ["up.example", "down.example", "slow.example"]
            let users = names.map { UserID("@bob:\($0)")! }
            let wishes = Dictionary(users.map { ($0, ["D": "signed_curve25519", "E": "x"]) }, uniquingKeysWith: { $1 })
            let answer = try await worker.claims.claim(wishes, within: .milliseconds(300))
            #expect(answer.keys.mapValues { $0.mapValues(\.name) } == [users[0]: ["D": "signed_curve25519:X"]])
            #expect(Set(answer.failures.keys.map(\.description)) == ["down.example", "slow.example"])
            #expect(answer.failures[ServerName("slow.example")!]?.status == 504)
        }
    }
}
