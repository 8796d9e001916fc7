package import MatrixCore
package import Postgres
import Synchronization

/// A user's number, with what never changes about a user.
package struct UserRecord: Sendable, Hashable {
    package let nid: UserNID
    package let userID: UserID
    package let serverNID: ServerNID
    package let shard: Int16
}

/// Numbers for names and names for numbers. They never change, so they are cached without limit of time.
///
/// Cost: nothing when cached; otherwise one query for all that is asked together.
package final class Interning: Sendable {
    /// Names of each kind that are kept; when full, the cache starts anew.
    private static let maxCached = 200_000

    private struct Cache {
        var usersByID: [UserID: UserRecord] = [:]
        var usersByNID: [UserNID: UserRecord] = [:]
        var stateKeys: [StateKey: StateKeyNID] = [:]
        var stateKeysByNID: [StateKeyNID: StateKey] = [:]
    }

    private let pool: PostgresPool
    private let shardCount: Int16
    private let cache = Mutex(Cache())

    package init(pool: PostgresPool, shardCount: Int16) {
        self.pool = pool
        self.shardCount = shardCount
    }

    /// The shard of a room or user, for ever.
    package func shard(of id: String) -> Int16 { Installation.shard(of: id, among: shardCount) }

    /// What is in memory of some keys, and which keys are not.
    private func lookUp<Key: Hashable & Sendable, Value: Sendable>(
        _ keys: some Sequence<Key>, in table: (Cache) -> [Key: Value]
    ) -> (known: [Key: Value], unknown: Set<Key>) {
        cache.withLock { cache in
            let entries = table(cache)
            var known: [Key: Value] = [:]
            var unknown: Set<Key> = []
            for key in keys {
                if let value = entries[key] { known[key] = value } else { unknown.insert(key) }
            }
            return (known, unknown)
        }
    }

    // MARK: Users

    /// The user's number, given now if it had none.
    package func user(_ userID: UserID) async throws -> UserRecord {
        if let known = cache.withLock({ $0.usersByID[userID] }) { return known }
        guard let user = try await users([userID])[userID] else { throw StorageError.missing("user") }
        return user
    }

    /// The numbers of users, given now where there were none.
    package func users(_ userIDs: [UserID]) async throws -> [UserID: UserRecord] {
        let (known, unknown) = lookUp(userIDs) { $0.usersByID }
        guard !unknown.isEmpty else { return known }
        var found = known
        let ids = Array(unknown)
        let rows = try await pool.query(
            NameStatements.internUsers, ids.map(\.description), ids.map { $0.serverName.description },
            ids.map { shard(of: $0.description) })
        for user in try keepUsers(rows) { found[user.userID] = user }
        return found
    }

    /// The user's number if it has one.
    package func knownUser(_ userID: UserID) async throws -> UserRecord? {
        if let known = cache.withLock({ $0.usersByID[userID] }) { return known }
        return try keepUsers(try await pool.query(NameStatements.usersByID, [userID.description])).first
    }

    /// Those of some users that have a number.
    package func knownUsers(_ userIDs: [UserID]) async throws -> [UserID: UserRecord] {
        let (known, unknown) = lookUp(userIDs) { $0.usersByID }
        guard !unknown.isEmpty else { return known }
        var found = known
        for user in try keepUsers(try await pool.query(NameStatements.usersByID, unknown.map(\.description))) {
            found[user.userID] = user
        }
        return found
    }

    package func users(_ nids: some Sequence<UserNID>) async throws -> [UserNID: UserRecord] {
        let (known, unknown) = lookUp(nids) { $0.usersByNID }
        guard !unknown.isEmpty else { return known }
        var found = known
        for user in try keepUsers(try await pool.query(NameStatements.usersByNID, unknown.map(\.rawValue))) {
            found[user.nid] = user
        }
        return found
    }

    package func user(_ nid: UserNID) async throws -> UserRecord {
        guard let user = try await users([nid])[nid] else { throw StorageError.missing("user") }
        return user
    }

    private func keepUsers(_ rows: PostgresRows) throws -> [UserRecord] {
        var users: [UserRecord] = []
        for var row in rows {
            guard let userID = UserID(try row.next(String.self)) else { throw StorageError.corrupt("users.user_id") }
            users.append(
                UserRecord(
                    nid: UserNID(try row.next(Int64.self)), userID: userID,
                    serverNID: ServerNID(try row.next(Int64.self)),
                    shard: try row.next(Int16.self)))
        }
        cache.withLock { cache in
            if cache.usersByID.count > Self.maxCached {
                cache.usersByID = [:]
                cache.usersByNID = [:]
            }
            for user in users {
                cache.usersByID[user.userID] = user
                cache.usersByNID[user.nid] = user
            }
        }
        return users
    }

    // MARK: Servers

    /// A server's number, given now if it had none.
    package func server(_ name: ServerName) async throws -> ServerNID {
        guard var row = try await pool.query(NameStatements.internServer, name.description).first else {
            throw StorageError.missing("server")
        }
        return ServerNID(try row.next(Int64.self))
    }

    // MARK: State keys

    /// Those of the numbers that are in memory, with what they stand for.
    package func cached(_ nids: Set<StateKeyNID>) -> [StateKeyNID: StateKey] {
        lookUp(nids) { $0.stateKeysByNID }.known
    }

    /// Those of the pairs that are in memory, with their numbers.
    package func cached(_ keys: Set<StateKey>) -> [StateKey: StateKeyNID] {
        lookUp(keys) { $0.stateKeys }.known
    }

    /// The number of a pair of event type and state key, given now if it had none.
    package func stateKey(_ key: StateKey) async throws -> StateKeyNID {
        if let known = cache.withLock({ $0.stateKeys[key] }) { return known }
        guard let nid = try await stateKeys([key])[key] else { throw StorageError.missing("state key") }
        return nid
    }

    package func stateKeys(_ keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        try await stateKeys(keys, from: NameStatements.internStateKeys)
    }

    /// The numbers of those that have one: a state that nobody ever set has none.
    package func knownStateKeys(_ keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        try await stateKeys(keys, from: NameStatements.stateKeys)
    }

    private func stateKeys(_ keys: [StateKey], from statement: Statement) async throws -> [StateKey: StateKeyNID] {
        let (known, unknown) = lookUp(keys) { $0.stateKeys }
        guard !unknown.isEmpty else { return known }
        var found = known
        let rows = try await pool.query(statement, unknown.map(\.type), unknown.map(\.key))
        for (key, nid) in try keepStateKeys(rows) { found[key] = nid }
        return found
    }

    package func stateKeys(_ nids: some Sequence<StateKeyNID>) async throws -> [StateKeyNID: StateKey] {
        let (known, unknown) = lookUp(nids) { $0.stateKeysByNID }
        guard !unknown.isEmpty else { return known }
        var found = known
        let rows = try await pool.query(NameStatements.stateKeysByNID, unknown.map(\.rawValue))
        for (key, nid) in try keepStateKeys(rows) { found[nid] = key }
        return found
    }

    private func keepStateKeys(_ rows: PostgresRows) throws -> [(StateKey, StateKeyNID)] {
        var pairs: [(StateKey, StateKeyNID)] = []
        for var row in rows {
            let key = StateKey(try row.next(String.self), try row.next(String.self))
            pairs.append((key, StateKeyNID(try row.next(Int64.self))))
        }
        cache.withLock { cache in
            if cache.stateKeys.count > Self.maxCached {
                cache.stateKeys = [:]
                cache.stateKeysByNID = [:]
            }
            for (key, nid) in pairs {
                cache.stateKeys[key] = nid
                cache.stateKeysByNID[nid] = key
            }
        }
        return pairs
    }
}
