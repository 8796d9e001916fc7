import Cluster
import MatrixCore
import Storage
import Telemetry

/// Reads what connections have been told, and keeps it.
///
/// A stored state never changes, so a worker remembers it without asking anybody; one that does not have it reads one row.
/// A new one is stored when what came since has become too long to be carried in a position, or the stored one grows old.
struct SlidingConnections: Sendable {
    /// A position that was not used for so long is not honoured any more: the client does better to begin again.
    static let lifetimeHours: Int64 = 7 * 24
    /// What positions carry, so that they fit into the address of a request.
    static let maxChangesBytes = 512
    /// A stored state is stored again after this long: the old ones go by their age.
    private static let renewalHours: Int64 = 24
    /// Rooms of all stored states in memory. A room takes some 120 bytes.
    private static let maxCachedRooms = 400_000

    private struct Key: Hashable {
        let connection: SlidingConnection
        let number: Int64
    }

    private let store: SlidingStateStore
    private let incarnation: UInt32
    private let shards: Int
    private let clock: any Clock
    private let cache = GenerationalCache<Key, StoredConnectionState>(maxWeight: maxCachedRooms) { $0.weight }

    init(store: SlidingStateStore, installation: Installation, clock: any Clock) {
        self.store = store
        incarnation = installation.incarnation
        shards = Int(installation.shardCount)
        self.clock = clock
    }

    /// What the client that comes with a position has been told, and up to where.
    ///
    /// - Throws: 400 `M_UNKNOWN_POS` for a position of nobody, of another device or connection, or that has expired.
    /// - Cost: nothing when the worker remembers the connection, otherwise one query.
    func resume(
        _ text: String, of connection: SlidingConnection
    ) async throws -> (state: ConnectionState, token: SyncToken) {
        guard let position = try? SlidingPosition(text, incarnation: incarnation, shards: shards),
            position.owner == Self.owner(connection), hour - position.issuedAt <= Self.lifetimeHours,
            let base = try await base(position.base, of: connection),
            let state = try? ConnectionCoding.decodeChanges(position.changes, over: base)
        else { throw Self.unknownPosition }
        return (state, position.token)
    }

    static var unknownPosition: MatrixError {
        MatrixError(.unknownPosition, "The position is not known any more: begin again without one")
    }

    /// The position of a client that has been told all this.
    ///
    /// - Returns: the position, and the state as it is from now on: with another base when one was stored.
    /// - Cost: mostly nothing; one write for the first answers of a connection, and after many.
    func position(
        _ state: ConnectionState, at token: SyncToken, of connection: SlidingConnection
    ) async throws -> (text: String, state: ConnectionState) {
        var state = state
        var changes = ConnectionCoding.encodeChanges(of: state)
        let age = (clock.nowMilliseconds - state.base.writtenAt) / Self.millisecondsPerHour
        if changes.count > Self.maxChangesBytes || (state.base.number != 0 && age >= Self.renewalHours) {
            state = try await stored(state, of: connection)
            changes = ConnectionCoding.encodeChanges(of: state)
        }
        let position = SlidingPosition(
            token: token, owner: Self.owner(connection), issuedAt: hour, base: state.base.number, changes: changes)
        return (position.encoded(incarnation: incarnation), state)
    }

    private func base(_ number: Int64, of connection: SlidingConnection) async throws -> StoredConnectionState? {
        if number == 0 { return StoredConnectionState.none }
        let key = Key(connection: connection, number: number)
        if let known = cache[key] { return known }
        guard let (bytes, writtenAt) = try await store.state(number, of: connection),
            let (configs, rooms) = try? ConnectionCoding.decode(bytes)
        else { return nil }
        let state = StoredConnectionState(number: number, writtenAt: writtenAt, configs: configs, rooms: rooms)
        cache.keep(state, for: key)
        return state
    }

    private func stored(_ state: ConnectionState, of connection: SlidingConnection) async throws -> ConnectionState {
        let (configs, rooms) = state.flattened()
        let now = clock.nowMilliseconds
        let number = try await store.keep(
            ConnectionCoding.encode(configs: configs, rooms: rooms), of: connection, after: state.base.number,
            oldest: now - (Self.lifetimeHours + Self.renewalHours) * Self.millisecondsPerHour, now: now)
        let base = StoredConnectionState(number: number, writtenAt: now, configs: configs, rooms: rooms)
        cache.keep(base, for: Key(connection: connection, number: number))
        var stored = ConnectionState(base: base)
        stored.accountData = state.accountData
        stored.threads = state.threads
        stored.deviceLists = state.deviceLists
        return stored
    }

    private static let millisecondsPerHour: Int64 = 3_600_000
    private var hour: Int64 { clock.nowMilliseconds / Self.millisecondsPerHour }

    /// Tells connections apart in positions.
    private static func owner(_ connection: SlidingConnection) -> Int64 {
        let name = "\(connection.user)\u{0}\(connection.deviceID)\u{0}\(connection.name)"
        let hash = BLAKE2b.hash128(Array(name.utf8)).prefix(6).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return hash
    }
}
