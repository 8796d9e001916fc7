import ApusTesting
import Encryption
import MatrixCore
import Storage
import Synchronization
import Testing

@Suite struct KeyQueryTests {
    @Test func someDevicesOrAllOfManyUsersTakeOneStatement() async throws {
        let counter = StatementCounter()
        try await KeyWorker.with(observer: counter) { worker in
            var users: [UserRecord] = []
            for number in 0..<20 {
                let user = try await worker.user("u\(number)")
                for name in ["A", "B", "C"] {
                    let device = try await worker.device(name, of: user, seed: 1)
                    _ = try await worker.upload(user, name, device: device.deviceKeys())
                }
                users.append(user)
            }
            var wanted = Dictionary(users.map { ($0.userID, Set<String>()) }, uniquingKeysWith: { $1 })
            wanted[users[0].userID] = ["B", "X"]
            let query = try KeyQuery(users: wanted)
            let answered = try await counter.counting { try await worker.queries.answer(query, for: users[1].nid) }
            #expect(answered.statements == ["device_keys.published": 1])
            let keys = answered.value.keys
            #expect(keys[users[0].userID]?.devices.map(\.deviceID) == ["B"])
            #expect(users.dropFirst().allSatisfy { keys[$0.userID]?.devices.count == 3 })
        }
    }

    @Test func whoIsNotThereHasNoKeys() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let nobody = UserID("@nobody:example.org")!
            let answer = try await worker.queries.answer(KeyQuery(users: [nobody: []]), for: alice.nid)
            #expect(answer.keys[nobody]?.devices.isEmpty == true && answer.failures.isEmpty)
            let far = UserID("@far:theirs.example")!
            let other = try await worker.queries.answer(KeyQuery(users: [far: []]), for: alice.nid)
            #expect(other.keys.isEmpty && other.failures.keys.map(\.description) == ["theirs.example"])
        }
    }

    @Test func otherServersAreToldOfOurUsersAlone() async throws {
        try await KeyWorker.with { worker in
            let alice = try await worker.user("alice")
            let phone = try await worker.device("PHONE", of: alice, seed: 1, named: "Secret name")
            _ = try await worker.upload(alice, "PHONE", device: phone.deviceKeys())
            let mine = try CrossSigner(alice.userID.description, seed: 10)
            _ = try await worker.setCrossSigning(mine.upload(), of: alice)
            for names in [true, false] {
                let keys = try await worker.queries.answerOfOurs(
                    KeyQuery(users: [alice.userID: []]), namesDevices: names)
                let device = try JSONValue(parsing: try #require(keys[alice.userID]?.devices.first?.json))
                #expect(device["unsigned"] == (names ? ["device_display_name": "Secret name"] : [:]))
                #expect(keys[alice.userID]?.masterKey != nil && keys[alice.userID]?.selfSigningKey != nil)
                #expect(keys[alice.userID]?.userSigningKey == nil)
            }
            let foreign = try KeyQuery(users: [alice.userID: [], UserID("@bob:theirs.example")!: []])
            #expect(
                await refusal { _ = try await worker.queries.answerOfOurs(foreign, namesDevices: true) }
                    == .invalidParam)
        }
    }

    // MARK: Other servers

    /// What one server tells wrongly is left out, and nothing else.
    @Test func badKeysOfAnotherServerAreLeftOutAlone() async throws {
        let (bob, carol) = (UserID("@bob:theirs.example")!, UserID("@carol:theirs.example")!)
        let good = try KeyedDevice(bob.description, "GOOD", seed: 1)
        let stranger = try CrossSigner("@eve:eve.example", seed: 30)
        let signer = try CrossSigner(bob.description, seed: 40)
        var withForeign = try stranger.sign(good.deviceKeys(), with: stranger.userSigning)
        withForeign["unsigned"] = ["device_display_name": "Bob's", "age": 5]
        let huge = JSONValue.object([
            "user_id": .string(bob.description), "x": .string(String(repeating: "x", count: 1 << 20)),
        ])
        let told = try [
            ("GOOD", withForeign), ("OTHER", good.deviceKeys()),
            ("CAROLS", KeyedDevice(carol.description, "CAROLS", seed: 2).deviceKeys()),
            ("HUGE", huge), ("TEXT", "no object"),
        ].map { ($0, try JSONDocument(parsing: JSONValue.object(["k": $1]).canonicalBytes)["k"]!, Optional("Bob's")) }
        let master = try JSONDocument(parsing: signer.masterKey().canonicalBytes).root
        let servers = ScriptedServers(query: { users, _ in
            var keys = ToldKeys()
            keys.devices = told.map { ($0.0, $0.1, $0.2) }
            keys.masterKey = master
            // Of another user, so no key of this one.
            keys.selfSigningKey = try JSONDocument(parsing: stranger.selfSigningKey().canonicalBytes).root
            return [bob: keys, UserID("@alice:example.org")!: keys]
        })
        try await KeyWorker.with(remote: servers) { worker in
            let alice = try await worker.user("alice")
            let answer = try await worker.queries.answer(KeyQuery(users: [bob: [], carol: []]), for: alice.nid)
            #expect(answer.failures.isEmpty && Set(answer.keys.keys) == [bob])
            #expect(answer.keys[bob]?.devices.map(\.deviceID) == ["GOOD"])
            var expected = try good.deviceKeys()
            expected["unsigned"] = ["device_display_name": "Bob's"]
            #expect(try JSONValue(parsing: answer.keys[bob]?.devices.first?.json ?? []) == expected)
            #expect(try JSONValue(parsing: answer.keys[bob]?.masterKey ?? []) == signer.masterKey())
            #expect(answer.keys[bob]?.selfSigningKey == nil)
        }
    }

    @Test func serversThatDoNotAnswerAreNamed() async throws {
        let servers = ScriptedServers(query: { users, server in
            switch server.description {
            case "slow.example":
                try await Task.sleep(for: .seconds(60))
                return [:]
            case "down.example": throw MatrixError(.unknown, "gone", status: 502)
            default: return users.mapValues { _ in ToldKeys() }
            }
        })
        try await KeyWorker.with(remote: servers) { worker in
            let alice = try await worker.user("alice")
            let users = ["up.example", "down.example", "slow.example"].map { UserID("@u:\($0)")! }
            let query = try KeyQuery(
                users: Dictionary(users.map { ($0, []) }, uniquingKeysWith: { $1 }), timeout: .milliseconds(200))
            let answer = try await worker.queries.answer(query, for: alice.nid)
            #expect(Array(answer.keys.keys) == [users[0]])
            #expect(answer.failures.mapValues(\.status) == [users[1].serverName: 502, users[2].serverName: 504])
        }
    }

    @Test func whoIsFollowedIsNotAskedFor() async throws {
        let bob = UserID("@bob:theirs.example")!
        let device = try KeyedDevice(bob.description, "D", seed: 1)
        let view = try JSONDocument(parsing: device.deviceKeys().canonicalBytes).root
        struct Followed: FollowedKeys {
            let known: [UserID: ToldKeys]
            func keys(of users: [UserID]) async throws -> [UserID: ToldKeys] { known.filter { users.contains($0.key) } }
        }
        var told = ToldKeys()
        told.devices = [("D", view, nil), ("E", view, nil)]
        let servers = ScriptedServers()
        try await KeyWorker.with(remote: servers, followed: Followed(known: [bob: told])) { worker in
            let alice = try await worker.user("alice")
            let answer = try await worker.queries.answer(KeyQuery(users: [bob: []]), for: alice.nid)
            #expect(answer.keys[bob]?.devices.map(\.deviceID) == ["D"])
            #expect(servers.asked.withLock { $0 }.isEmpty)
            let other = try await worker.queries.answer(KeyQuery(users: [bob: ["X"]]), for: alice.nid)
            #expect(other.keys[bob]?.devices.isEmpty == true)
        }
    }
}
