import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Search
import Storage

/// A worker with rooms, and the searches over them.
struct SearchFixture: Sendable {
    let worker: RoomsWorker
    let messages: MessageSearch
    let users: UserDirectory
    private let messageIndex: MessageIndexDuty
    private let userIndex: UserDirectoryDuty

    static func with(_ body: @escaping @Sendable (SearchFixture) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            let fixture = SearchFixture(worker)
            try await worker.following { try await body(fixture) }
        }
    }

    private init(_ worker: RoomsWorker) {
        self.worker = worker
        let store = SearchStore(pool: worker.pool)
        let directory = UserDirectoryStore(pool: worker.pool)
        messages = MessageSearch(store: store, rooms: worker.rooms)
        users = UserDirectory(store: directory, rooms: worker.rooms)
        messageIndex = MessageIndexDuty(store: store, feed: worker.feed, telemetry: worker.telemetry)
        userIndex = UserDirectoryDuty(
            store: directory, rooms: worker.rooms, feed: worker.feed)
    }

    var duties: [any Duty] { [messageIndex, userIndex] }

    /// Takes everything that has ever happened into the indexes, once more if it was before.
    func index() async throws {
        for shard in 0..<worker.installation.shardCount {
            let rows = try await worker.log.rows(of: shard, after: 0)
            try await messageIndex.take(rows)
            try await userIndex.take(rows)
        }
    }

    // MARK: Messages

    func search(
        _ term: String, as user: UserRecord, _ change: (inout MessageSearchRequest) throws -> Void = { _ in }
    ) async throws -> MessageSearchResults {
        var request = MessageSearchRequest(term: term)
        try change(&request)
        return try await messages.search(request, by: user.nid, device: "D")
    }

    /// The bodies (or names or topics) of what is found, in its order.
    func texts(
        _ term: String, as user: UserRecord, _ change: (inout MessageSearchRequest) throws -> Void = { _ in }
    ) async throws -> [String] {
        try Self.texts(of: try await search(term, as: user, change))
    }

    static func texts(of results: MessageSearchResults) throws -> [String] {
        try results.results.map { result in
            let content = try JSONDocument(parsing: result.event).root["content"]
            return (content?["body"] ?? content?["name"] ?? content?["topic"])?.string ?? ""
        }
    }

    // MARK: People

    func names(_ term: String, as user: UserRecord, limit: Int = 10) async throws -> [String] {
        try await users.search(term, by: user.nid, limit: limit).users.map { $0.displayName ?? $0.userID.description }
    }

    func ids(_ term: String, as user: UserRecord, limit: Int = 10) async throws -> [String] {
        try await users.search(term, by: user.nid, limit: limit).users.map(\.userID.description)
    }

    /// A local user with a name.
    func user(_ localpart: String, called name: String? = nil) async throws -> UserRecord {
        let user = try await worker.user(localpart)
        if let name {
            _ = try await ProfileStore(pool: worker.pool).change(
                "displayname", to: JSONValue.string(name).canonicalBytes, of: user, isShown: true, now: 1)
        }
        return user
    }

    func ignore(_ other: UserRecord, as user: UserRecord) async throws {
        let content: JSONValue = ["ignored_users": .object([other.userID.description: [:]])]
        let outcome = try await AccountDataStore(pool: worker.pool).set(
            "m.ignored_user_list", in: nil, of: user, to: content.canonicalBytes, now: 1)
        guard case .written(let position?) = outcome else { throw TestingError("not written") }
        worker.feed.announce(.accountData, at: position, user: user.nid)
    }
}
