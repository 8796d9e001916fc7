import ApusTesting
import Cluster
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Telemetry

/// A worker that follows the devices of another server's users.
struct FollowingServer: Sendable {
    static let peer = ServerName("peer.example")!

    let worker: RoomsWorker
    let store: RemoteDeviceStore
    let lists: RemoteDeviceLists
    let source = ScriptedDevices()
    let alice: UserRecord
    let bob: UserRecord
    let room: RoomID

    static func with(_ body: @escaping @Sendable (FollowingServer) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            let server = try await FollowingServer(worker)
            try await worker.following { try await body(server) }
        }
    }

    private init(_ worker: RoomsWorker) async throws {
        self.worker = worker
        store = RemoteDeviceStore(pool: worker.pool, own: worker.rooms.writing.localServerNID)
        lists = RemoteDeviceLists(
            store: store, interning: worker.interning, feed: worker.feed, clock: worker.telemetry.clock)
        alice = try await worker.user("alice")
        bob = try await worker.interning.user(UserID("@bob:\(Self.peer)")!)
        room = try await worker.room(by: alice)
        try await set("join", of: bob)
    }

    /// As if the event had come from the user's server.
    func set(_ membership: String, of user: UserRecord, in other: RoomID? = nil) async throws {
        let draft = try EventDraft(
            sender: user, type: EventType.member, stateKey: user.userID.description,
            content: ["membership": .string(membership)])
        let record = try await worker.record(other ?? room)
        guard case .written = try await worker.rooms.write(.local([draft]), in: record) else {
            throw TestingError("not written")
        }
    }

    /// Takes in messages of a server.
    ///
    /// - Returns: what became of each: `nil` for what is not about devices.
    @discardableResult
    func receive(_ edus: [(String, JSONValue)], from origin: ServerName = peer) async throws -> [Bool?] {
        var news = RemoteDeviceLists.News(from: origin)
        let outcomes = try edus.map { try news.add($0.0, JSONDocument(parsing: $0.1.canonicalBytes).root) }
        try await lists.receive(news)
        return outcomes
    }

    /// Names and signed keys of the devices that are known; `nil` when the server has to be asked.
    func known(_ user: UserRecord? = nil) async throws -> [String: JSONValue]? {
        let user = user ?? bob
        guard let told = try await lists.keys(of: [user.userID])[user.userID] else { return nil }
        return Dictionary(told.devices.map { ($0.deviceID, $0.json.value()) }, uniquingKeysWith: { $1 })
    }

    /// Fetches all lists that are due.
    func fetch() async throws {
        for due in try await due() { try await lists.fetch(due, from: source, within: .seconds(5)) }
    }

    func due() async throws -> [DueDeviceResync] {
        let shards = Set(0..<worker.installation.shardCount)
        return try await store.due(in: shards, now: .max).values.flatMap { $0 }
    }

    /// How often others were told that the user's devices changed.
    func changes(of user: UserRecord? = nil) async throws -> Int {
        let user = user ?? bob
        return try await worker.log.rows(of: user.shard, after: 0).count {
            $0.kind == .deviceLists && $0.userNID == user.nid
        }
    }
}

/// A server that tells devices as a test says.
final class ScriptedDevices: RemoteDeviceSource {
    struct Silent: Error {}

    private let answer = Mutex<JSONValue?>(nil)
    let asked = Mutex(0)

    func say(_ value: JSONValue?) { answer.withLock { $0 = value } }

    func devices(of user: UserID) async throws -> JSONView {
        asked.withLock { $0 += 1 }
        guard let value = answer.withLock({ $0 }) else { throw Silent() }
        return try JSONDocument(parsing: value.canonicalBytes).root
    }
}

/// What bob's server says.
enum Told {
    static let bob = "@bob:peer.example"

    static func device(_ name: String, seed: UInt8 = 1, of user: String = bob) throws -> JSONValue {
        try KeyedDevice(user, name, seed: seed).deviceKeys()
    }

    static func list(
        _ devices: [(String, JSONValue)], stream: Int64, user: String = bob, _ more: [String: JSONValue] = [:]
    ) -> JSONValue {
        var list: [String: JSONValue] = [
            "user_id": .string(user), "stream_id": .integer(stream),
            "devices": .array(devices.map { ["device_id": .string($0.0), "keys": $0.1] }),
        ]
        list.merge(more) { $1 }
        return .object(list)
    }

    static func update(
        _ device: String, stream: Int64, after: [Int64]?, keys: JSONValue? = nil, deleted: Bool = false,
        of user: String = bob
    ) -> (String, JSONValue) {
        var content: [String: JSONValue] = [
            "user_id": .string(user), "device_id": .string(device), "stream_id": .integer(stream),
        ]
        if let after { content["prev_id"] = .array(after.map { .integer($0) }) }
        if let keys { content["keys"] = keys }
        if deleted { content["deleted"] = true }
        return ("m.device_list_update", .object(content))
    }
}
