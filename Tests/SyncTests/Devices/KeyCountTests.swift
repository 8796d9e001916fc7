import ApusTesting
import Encryption
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// What is left of a device's one-time keys, in both kinds of sync.
struct KeyCountTests {
    @Test func everyAnswerTellsThemTheEmptyOnesToo() async throws {
        let counter = StatementCounter()
        try await TestInstallation.with { installation in
            try await installation.withWorker(observer: counter) { worker in
                let user = try await worker.keyed("alice", oneTimeKeys: 30)
                let first = try await worker.sync(user, device: "D")
                #expect(first.keyCounts == ["signed_curve25519": 30])
                #expect(first["device_unused_fallback_key_types"]?.count == 0)
                let quiet = try await counter.counting { try await worker.sync(user, since: first.next, device: "D") }
                #expect(quiet.value.keyCounts == ["signed_curve25519": 30])
                #expect(quiet.statements["device_keys.counts"] == nil)
                let waited = try await worker.sync(user, since: first.next, timeout: .milliseconds(50), device: "D")
                #expect(waited.keyCounts == ["signed_curve25519": 30])
                // A device without keys.
                #expect(try await worker.sync(user, device: "E").keyCounts == ["signed_curve25519": 0])
            }
        }
    }

    /// A worker that does not know the device asks once, though the counts are in the answer that was for nothing and in the one
    /// that is given.
    @Test func aSyncAsksForThemOnce() async throws {
        let counter = StatementCounter()
        try await TestInstallation.with { installation in
            try await installation.withWorker { writer in
                let user = try await writer.keyed("alice", oneTimeKeys: 30)
                let room = try await writer.room(by: user)
                let since = try await writer.sync(user, device: "D").next
                try await writer.say("not asked for", in: room, as: user)
                try await installation.withWorker(observer: counter) { reader in
                    let nothing = #"{"room":{"rooms":[]}}"#
                    func sync() async throws -> (value: JSONDocument, statements: [String: Int]) {
                        try await counter.counting {
                            try await reader.sync(
                                user, since: since, filter: nothing, timeout: .milliseconds(100), device: "D")
                        }
                    }
                    let cold = try await sync()
                    #expect(cold.value.keyCounts == ["signed_curve25519": 30])
                    #expect(cold.statements["device_keys.counts"] == 1, "\(cold.statements)")
                    let warm = try await sync()
                    #expect(warm.value.keyCounts == ["signed_curve25519": 30])
                    #expect(warm.statements["device_keys.counts"] == nil, "\(warm.statements)")
                }
            }
        }
    }

    @Test func whoRunsOutIsWoken() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let user = try await worker.keyed("alice", oneTimeKeys: 21)
                let start = try await worker.sync(user, device: "D").next
                try await worker.claimKey(of: user)
                // Twenty are enough: nobody is woken for that.
                let calm = try await worker.sync(user, since: start, timeout: .milliseconds(50), device: "D")
                #expect(calm.keyCounts == ["signed_curve25519": 20])
                async let waiting = worker.sync(user, since: calm.next, timeout: .seconds(20), device: "D")
                try await Task.sleep(for: .milliseconds(100))
                let clock = worker.base.telemetry.clock
                let begun = clock.monotonic
                try await worker.claimKey(of: user)
                #expect(try await waiting.keyCounts == ["signed_curve25519": 19])
                #expect(clock.monotonic - begun < .seconds(5))
            }
        }
    }
}

extension JSONDocument {
    fileprivate var keyCounts: [String: Int64]? {
        guard let counts = self["device_one_time_keys_count"]?.object else { return nil }
        return Dictionary(counts.compactMap { name, count in count.int.map { (name, $0) } }, uniquingKeysWith: { $1 })
    }
}

extension TestWorker {
    /// A user with two devices, of which `D` has published keys.
    fileprivate func keyed(_ name: String, oneTimeKeys count: Int) async throws -> UserRecord {
        let user = try await user(name)
        for deviceID in ["D", "E"] {
            let tokens = NewTokens(
                access: TokenHash(of: "\(name) \(deviceID)"), accessExpiresMilliseconds: nil, refresh: nil)
            _ = try await AccountStore(pool: pool).create(
                NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
            _ = try await DeviceStore(pool: pool).open(
                DeviceOpening(
                    user: user, deviceID: deviceID, displayName: nil, address: "", tokens: tokens, verifiedHash: nil),
                now: 1)
        }
        let device = try KeyedDevice(user.userID.description, "D", seed: 1)
        let uploads = KeyUploads(
            store: DeviceKeyStore(pool: pool), interning: base.interning, feed: feed, clock: base.telemetry.clock)
        let keys = UncheckedKeys(
            deviceKeys: try JSONDocument(parsing: device.deviceKeys().canonicalBytes).root,
            oneTimeKeys: try JSONDocument(parsing: device.oneTimeKeys(0..<count).canonicalBytes).root.object)
        _ = try await uploads.upload(keys, of: user.nid, deviceID: "D")
        return user
    }

    fileprivate func claimKey(of user: UserRecord) async throws {
        let claims = KeyClaims(
            serverName: installation.serverName, store: DeviceKeyStore(pool: pool), interning: base.interning,
            feed: feed, remote: nil, clock: base.telemetry.clock)
        let answer = try await claims.claim([user.userID: ["D": "signed_curve25519"]])
        #expect(answer.keys[user.userID]?.count == 1)
    }
}
