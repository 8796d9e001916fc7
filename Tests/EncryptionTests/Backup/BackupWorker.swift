import ApusTesting
import Encryption
import MatrixCore
import Postgres
import Storage
import Telemetry

/// One worker of a test as far as backups need it, and a user who keeps some.
struct BackupWorker: Sendable {
    let pool: PostgresPool
    let store: KeyBackupStore
    let backups: KeyBackups
    let user: UserRecord

    static func with(
        observer: (any PostgresObserver)? = nil, _ body: (BackupWorker) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in try await with(database, observer: observer, body) }
    }

    static func with(
        _ database: MigratedDatabase, observer: (any PostgresObserver)? = nil,
        _ body: (BackupWorker) async throws -> Void
    ) async throws {
        let worker = try await BackupWorker(database, observer: observer)
        do { try await body(worker) } catch {
            await worker.pool.close()
            throw error
        }
        await worker.pool.close()
    }

    /// One more worker on a database; whoever makes it closes its pool.
    init(_ database: MigratedDatabase, observer: (any PostgresObserver)? = nil) async throws {
        pool = database.pool(observer: observer)
        store = KeyBackupStore(pool: pool)
        backups = KeyBackups(store: store, clock: SystemClock())
        user = try await Self.account("alice", pool)
    }

    /// Somebody with an account.
    static func account(_ name: String, _ pool: PostgresPool) async throws -> UserRecord {
        guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
        let user = try await Interning(pool: pool, shardCount: 16).user(userID)
        _ = try await AccountStore(pool: pool).create(
            NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        return user
    }

    /// A backup of the user.
    func backup() async throws -> String {
        try await backups.create(
            KeyBackupDescription(algorithm: "org.example", authData: JSONDocument(parsing: "{}").root), for: user.nid)
    }

    func put(_ keys: [Key], in version: String) async throws -> KeyBackup.Contents {
        try await backups.put(KeyBackupBatch(keys), in: version, of: user.nid)
    }

    /// All that is in a backup, by room and session, and in what pieces it came.
    func contents(of version: String, room: String? = nil) async throws -> (json: JSONValue, pieces: [Int]) {
        var (bytes, pieces): ([UInt8], [Int]) = ([], [])
        for try await piece in try await backups.keys(in: version, room: room, of: user.nid) {
            bytes += piece
            pieces.append(piece.count)
        }
        return (try JSONValue(parsing: bytes), pieces)
    }
}

/// A key in few words.
struct Key {
    var room = "!room:example.org"
    var session = "session"
    var isVerified = false
    var index: Int64 = 0
    var forwarded: Int64 = 0
    var data: JSONValue = ["ciphertext": "x"]
}

extension KeyBackupBatch {
    init(_ keys: [Key]) throws {
        self.init()
        for key in keys {
            try add(
                room: key.room, session: key.session,
                Facts(isVerified: key.isVerified, firstMessageIndex: key.index, forwardedCount: key.forwarded),
                sessionData: JSONDocument(parsing: key.data.canonicalBytes).root)
        }
    }
}
