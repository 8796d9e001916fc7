import ApusTesting
import ClientEndpoints
import Encryption
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Telemetry

/// The endpoints of stored devices as a client meets them, and what others see of these. The token is the user's name.
struct DehydratedDeviceAPI: Sendable {
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
                let user = try await worker.user(name)
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
            let environment = EndpointEnvironment(
                authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning)))
            let endpoints = ServedEndpoint.all(DehydratedDeviceEndpoints.all, with: services, in: environment)
            try await body(
                DehydratedDeviceAPI(
                    router: try Router(endpoints, telemetry: worker.telemetry), worker: worker, users: users))
        }
    }

    /// - Parameter path: below that of the device.
    func ask(
        _ method: HTTPRequest.Method, _ path: String = "", _ body: JSONValue? = nil, as user: String? = "alice"
    ) async throws -> EndpointAnswer {
        try await router.ask(
            method, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device" + path, body, token: user
        ).whole()
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
        let wish = KeyWish(user: try user("alice"), deviceID: deviceID, algorithm: "signed_curve25519")
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
}

/// A device that somebody stores, with keys that it has signed.
struct SleepingDevice {
    var deviceID: String
    var user = "@alice:example.org"
    var oneTimeKeys = 0
    var data: JSONValue = ["algorithm": "org.matrix.msc3814.v2", "device_pickle": "secret", "nonce": "x"]
    var seed: UInt8 = 1

    /// What is sent to store it.
    var request: JSONValue {
        get throws {
            let device = try KeyedDevice(user, deviceID, seed: seed)
            var keys = device.unsigned
            keys["dehydrated"] = true
            return [
                "device_id": .string(deviceID), "device_data": data, "initial_device_display_name": "Asleep",
                "device_keys": try device.sign(keys),
                "fallback_keys": ["signed_curve25519:F": try device.oneTimeKey(0, isFallback: true)],
                "one_time_keys": try device.oneTimeKeys(0..<oneTimeKeys),
            ]
        }
    }
}
