import ApusTesting
import ClientEndpoints
import Encryption
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import RoomsTesting
import Storage
import Telemetry

/// The endpoints of stored devices as a client meets them, and what others see of these. The token is the user's name.
struct DehydratedDeviceAPI: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    private let router: Router
    private let worker: RoomsWorker
    let users: [String: UserRecord]

    var pool: PostgresPool { worker.pool }
    private var keys: DeviceKeyStore { DeviceKeyStore(pool: pool) }
    private var messages: DeviceMessageStore { DeviceMessageStore(pool: pool) }

    static func with(_ body: (DehydratedDeviceAPI) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            var users: [String: UserRecord] = [:]
            for name in ["alice", "bob"] {
                guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
                let user = try await worker.interning.user(userID)
                _ = try await AccountStore(pool: worker.pool).create(
                    NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
                users[name] = user
            }
            let store = DehydratedDeviceStore(pool: worker.pool)
            let clock = worker.telemetry.clock
            let services = DehydratedDeviceServices(
                devices: DehydratedDevices(
                    store: store, devices: DeviceStore(pool: worker.pool),
                    uploads: KeyUploads(
                        store: DeviceKeyStore(pool: worker.pool), interning: worker.interning, feed: worker.feed,
                        clock: clock),
                    interning: worker.interning, feed: worker.feed, clock: clock),
                inbox: DehydratedInbox(store: store))
            let environment = EndpointEnvironment(authenticators: Authenticators(users: NamedUsers(users: users)))
            let endpoints = ServedEndpoint.all(DehydratedDeviceEndpoints.all, with: services, in: environment)
            try await body(
                DehydratedDeviceAPI(
                    router: try Router(endpoints, telemetry: worker.telemetry), worker: worker, users: users))
        }
    }

    /// - Parameter path: below that of the device.
    func ask(
        _ method: HTTPRequest.Method, _ path: String = "", _ body: JSONValue? = nil, as user: String? = "alice"
    ) async throws -> Answer {
        let response = await router.respond(
            to: ServerRequest(
                method: method,
                target: "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device" + path,
                headers: user.map { [.authorization: "Bearer \($0)"] } ?? [:],
                body: body.map { .buffer(ByteBuffer(bytes: $0.canonicalBytes)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else { throw TestingError("a stream") }
        return Answer(status: response.status.code, body: try JSONValue(parsing: Array(buffer.readableBytesView)))
    }

    func user(_ name: String) throws -> UserRecord {
        guard let user = users[name] else { throw TestingError("no such user") }
        return user
    }

    /// A device as it is with its user when somebody logs in.
    func logIn(_ deviceID: String, as name: String = "alice") async throws {
        try await pool.simple(
            """
            insert into devices (user_nid, device_id, created_ms)
            values (\(try user(name).nid.rawValue), '\(deviceID)', 1)
            """)
    }

    /// What others see of a user's devices by asking for keys.
    func devices(of name: String = "alice") async throws -> [String: JSONValue] {
        let user = try user(name)
        let queries = KeyQueries(
            serverName: worker.serverName, store: keys, interning: worker.interning, remote: nil, followed: nil,
            clock: worker.telemetry.clock)
        let answer = try await queries.answer(KeyQuery(users: [user.userID: []]), for: try self.user("bob").nid)
        var devices: [String: JSONValue] = [:]
        for device in answer.keys[user.userID]?.devices ?? [] {
            devices[device.deviceID] = try JSONValue(parsing: device.json)
        }
        return devices
    }

    /// The names of the keys that a device gives out, one after the other.
    func claim(_ count: Int, of deviceID: String) async throws -> [String?] {
        let wish = KeyWish(user: try user("alice").nid, deviceID: deviceID, algorithm: "signed_curve25519")
        var names: [String?] = []
        for _ in 0..<count { names.append(try await keys.claim([wish], now: 1).keys[wish]?.keyID) }
        return names
    }

    /// Sends messages to a device, each an object that says its number.
    func send(_ numbers: Range<Int>, to deviceID: String) async throws {
        for number in numbers {
            var batch = DeviceMessageBatch()
            guard batch.begin(Array("\(deviceID) \(number)".utf8)) else { throw TestingError("sent twice") }
            batch.add(
                JSONValue.object(["n": .integer(Int64(number))]).canonicalBytes, for: try user("alice"),
                device: deviceID)
            _ = try await messages.send(batch, expiresAt: 100_000, now: 1)
        }
    }

    func count(_ table: String) async throws -> Int64 {
        let rows = try await pool.query(Self.counts)
        for row in rows {
            let (name, count) = try row.decode((String, Int64).self)
            if name == table { return count }
        }
        throw TestingError("no such table")
    }

    private static let counts = Statement(
        "test.dehydrated_counts",
        """
        select 'devices', count(*) from devices union all select 'device_keys', count(*) from device_keys
        union all select 'one_time_keys', count(*) from one_time_keys
        union all select 'fallback_keys', count(*) from fallback_keys
        union all select 'device_messages', count(*) from device_messages
        union all select 'dehydrated_devices', count(*) from dehydrated_devices
        union all select 'lists', count(*) from log where kind = 5
        """)

    private struct NamedUsers: UserAuthenticator {
        let users: [String: UserRecord]

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            users[token.secret].map { LocalUser(userID: $0.userID, userNID: $0.nid, deviceID: "D", tokenID: 1) }
        }
    }
}

/// A device that somebody stores, with keys that it has signed.
struct SleepingDevice {
    var deviceID: String
    var user = "@alice:example.org"
    var oneTimeKeys = 0
    var data: JSONValue = ["algorithm": "org.matrix.msc3814.v2", "device_pickle": "secret", "nonce": "x"]
    var seed: UInt8 = 1

    private var key: Ed25519PrivateKey {
        get throws {
            guard let key = Ed25519PrivateKey(seed: Array(repeating: seed, count: 32)) else {
                throw TestingError("no key")
            }
            return key
        }
    }

    private func signed(_ object: JSONValue) throws -> JSONValue {
        let message = try CanonicalJSON.encode(object, strict: true, without: JSONSigning.uncovered)
        var signed = object
        signed["signatures"] = .object([
            user: .object(["ed25519:\(deviceID)": .string(Base64.encode(try key.sign(message)))])
        ])
        return signed
    }

    /// What is sent to store it.
    var request: JSONValue {
        get throws {
            let agreement = Base64.encode(Array(repeating: UInt8(7), count: 32))
            var oneTime: [String: JSONValue] = [:]
            for number in 0..<oneTimeKeys {
                oneTime["signed_curve25519:K\(number)"] = try signed(["key": .string(agreement)])
            }
            return [
                "device_id": .string(deviceID), "device_data": data, "initial_device_display_name": "Asleep",
                "device_keys": try signed([
                    "user_id": .string(user), "device_id": .string(deviceID), "dehydrated": true,
                    "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
                    "keys": .object([
                        "ed25519:\(deviceID)": .string(try key.publicKey.base64),
                        "curve25519:\(deviceID)": .string(agreement),
                    ]),
                ]),
                "fallback_keys": .object([
                    "signed_curve25519:F": try signed(["key": .string(agreement), "fallback": true])
                ]),
                "one_time_keys": .object(oneTime),
            ]
        }
    }
}
