package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Account data, global and of rooms.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#client-config
package struct AccountData: Sendable {
    /// What the server manages: read like the rest, written elsewhere.
    private static let managedTypes: Set<String> = ["m.fully_read", "m.push_rules"]
    /// A type, in bytes.
    private static let maxTypeBytes = 255

    /// Reads the global data of a type that is kept elsewhere.
    package typealias Source = @Sendable (UserNID) async throws -> [UInt8]?

    let store: AccountDataStore
    let rooms: RoomStore
    let interning: Interning
    let feed: LogFeed
    let clock: any Clock
    let sources: [String: Source]

    /// - Parameter sources: types of global data that are kept elsewhere (the push rules).
    package init(
        store: AccountDataStore, rooms: RoomStore, interning: Interning, feed: LogFeed, telemetry: Telemetry,
        sources: [String: Source] = [:]
    ) {
        self.store = store
        self.rooms = rooms
        self.interning = interning
        self.feed = feed
        clock = telemetry.clock
        self.sources = sources
    }

    /// The content, a JSON object.
    ///
    /// - Parameter room: `nil` for global data.
    /// - Throws: `M_NOT_FOUND` when there is none.
    package func content(_ type: String, in room: RoomID?, of user: UserNID) async throws -> [UInt8] {
        if room == nil, let source = sources[type] {
            guard let content = try await source(user) else { throw Self.notFound }
            return content
        }
        guard let content = try await read(type, try await number(of: room), user)?.content else { throw Self.notFound }
        return content
    }

    /// Writes data for a client.
    ///
    /// - Parameter content: an object.
    /// - Throws: 405 `M_BAD_JSON` for a type that the server manages, `M_NOT_FOUND` for a room that nobody here knows.
    package func set(_ type: String, in room: RoomID?, of user: UserNID, to content: JSONView) async throws {
        guard let bytes = try? CanonicalJSON.encode(content, strict: false) else {
            throw MatrixError.badJSON("Not JSON")
        }
        try await write(type, in: room, of: user, to: bytes)
    }

    /// Removes data; that there is none is no error.
    package func delete(_ type: String, in room: RoomID?, of user: UserNID) async throws {
        try await write(type, in: room, of: user, to: nil)
    }

    private func write(_ type: String, in room: RoomID?, of user: UserNID, to content: [UInt8]?) async throws {
        guard !Self.managedTypes.contains(type) else {
            throw MatrixError(.badJSON, "\(type) cannot be changed as account data", status: 405)
        }
        _ = try await setManaged(type, in: try await number(of: room), of: user, to: content)
    }

    /// Writes data of any type, for the parts of the server that manage it.
    ///
    /// - Parameter expected: the position at which it was read, 0 when it was not there; `nil` writes in any case.
    /// - Returns: false when it was changed since.
    package func setManaged(
        _ type: String, in room: RoomNID?, of user: UserNID, to content: [UInt8]?, expected: Int64? = nil
    ) async throws -> Bool {
        guard type.utf8.count <= Self.maxTypeBytes else { throw MatrixError.invalidParam("The type is too long") }
        let record = try await interning.user(user)
        let outcome = try await store.set(
            type, in: room, of: record, to: content, expected: expected, now: clock.nowMilliseconds)
        switch outcome {
        case .written(let position):
            if let position { feed.announce(.accountData, at: position, room: room, user: user) }
            return true
        case .hasChanged: return false
        case .tooMany: throw MatrixError(.resourceLimitExceeded, "This account has too much account data")
        }
    }

    /// What is stored, with its position.
    package func read(
        _ type: String, _ room: RoomNID?, _ user: UserNID
    ) async throws -> (content: [UInt8]?, position: Int64)? {
        try await store.data(type, in: room, of: user)
    }

    /// - Throws: `M_NOT_FOUND` when nobody here knows the room.
    func number(of room: RoomID?) async throws -> RoomNID? {
        guard let room else { return nil }
        guard let record = try await rooms.room(room) else { throw MatrixError.notFound("Unknown room") }
        return record.nid
    }

    private static var notFound: MatrixError { .notFound("Account data not found") }
}
