package import MatrixCore
package import Postgres

/// What of an event is searched.
package enum SearchKey: Int16, Sendable, CaseIterable {
    case body = 1
    case name = 2
    case topic = 3
}

/// An event before it is taken apart for the search.
package struct SearchableEvent: Sendable {
    package let roomNID: RoomNID
    package let eventNID: EventNID
    package let type: String
    package let isState: Bool
    package let senderNID: UserNID
    /// Milliseconds since 1970, as its server says.
    package let originServerTS: Int64
    package let body: [UInt8]
}

/// What is searched of one event.
package struct SearchEntry: Sendable {
    package let event: SearchableEvent
    package let key: SearchKey
    package let text: String

    package init(event: SearchableEvent, key: SearchKey, text: String) {
        self.event = event
        self.key = key
        self.text = text
    }
}

/// What is searched for, and where.
package struct MessageQuery: Sendable {
    package var term: String
    package var rooms: [RoomNID]
    package var keys: [SearchKey]
    /// `nil`: everybody.
    package var senders: [UserNID]?
    package var notSenders: [UserNID] = []

    package init(term: String, rooms: [RoomNID], keys: [SearchKey]) {
        self.term = term
        self.rooms = rooms
        self.keys = keys
    }
}

/// An event that was found.
package struct SearchHit: Sendable, Hashable {
    package let roomNID: RoomNID
    package let eventNID: EventNID
    package let rank: Double
    /// Of the order by time only.
    package let originServerTS: Int64?
}

/// A search was given up, because it would have taken too much of the database. A narrower one may not.
package struct SearchTookTooLong: Error, Hashable {}

/// The index of the message search. Fed by a duty, never by whoever sends.
package struct SearchStore: Sendable {
    /// With more rooms the index is asked for the words alone, and what it finds is compared with the rooms.
    private static let maxRoomsInIndex = 300
    /// Of more matches only some are weighed.
    private static let maxWeighed: Int64 = 20_000
    /// What a search may take. It has a connection of its own, so that nobody's query waits behind it.
    private static let timeLimitMilliseconds = 5_000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Feeding

    /// Of some events those that are searched.
    package func searchable(_ events: [(room: RoomNID, event: EventNID)]) async throws -> [SearchableEvent] {
        guard !events.isEmpty else { return [] }
        let rows = try await pool.query(
            SearchStatements.texts, events.map(\.room.rawValue), events.map(\.event.rawValue))
        return try rows.map { row in
            var row = row
            return SearchableEvent(
                roomNID: RoomNID(try row.next(Int64.self)), eventNID: EventNID(try row.next(Int64.self)),
                type: try row.next(String.self), isState: try row.next(Bool.self),
                senderNID: UserNID(try row.next(Int64.self)), originServerTS: try row.next(Int64.self),
                body: try row.next([UInt8].self))
        }
    }

    /// Adds entries; those that are there already stay as they are.
    package func add(_ entries: [SearchEntry]) async throws {
        guard !entries.isEmpty else { return }
        try await pool.execute(
            SearchStatements.add, entries.map(\.event.roomNID.rawValue), entries.map(\.event.eventNID.rawValue),
            entries.map(\.key.rawValue), entries.map(\.event.senderNID.rawValue), entries.map(\.event.originServerTS),
            entries.map(\.text))
    }

    package func remove(_ redacted: [(room: RoomNID, event: EventID)]) async throws {
        guard !redacted.isEmpty else { return }
        try await pool.execute(
            SearchStatements.remove, redacted.map(\.room.rawValue), redacted.map(\.event.description))
    }

    // MARK: Searching

    /// Events that match, the best first.
    ///
    /// - Parameter last: after this hit.
    /// - Throws: `SearchTookTooLong`.
    package func byRank(
        _ query: MessageQuery, after last: (rank: Double, event: EventNID)?, limit: Int
    ) async throws -> [SearchHit] {
        guard !query.rooms.isEmpty, !query.keys.isEmpty else { return [] }
        let rows = try await limited { transaction in
            try await transaction.query(
                SearchStatements.byRank, query.term, query.rooms.map(\.rawValue),
                query.rooms.count <= Self.maxRoomsInIndex, query.keys.map(\.rawValue),
                query.senders?.map(\.rawValue), query.notSenders.map(\.rawValue), Int64(limit), last?.rank,
                last?.event.rawValue, Self.maxWeighed)
        }
        return try rows.map { row in
            let (room, event, rank) = try row.decode((Int64, Int64, Double).self)
            return SearchHit(roomNID: RoomNID(room), eventNID: EventNID(event), rank: rank, originServerTS: nil)
        }
    }

    /// Events that match, the newest first.
    ///
    /// - Parameter last: after this hit.
    /// - Throws: `SearchTookTooLong`.
    package func newest(
        _ query: MessageQuery, after last: (originServerTS: Int64, event: EventNID)?, limit: Int
    ) async throws -> [SearchHit] {
        guard !query.rooms.isEmpty, !query.keys.isEmpty else { return [] }
        let rows = try await limited { transaction in
            try await transaction.query(
                SearchStatements.newest, query.term, query.rooms.map(\.rawValue),
                query.rooms.count <= Self.maxRoomsInIndex, query.keys.map(\.rawValue),
                query.senders?.map(\.rawValue), query.notSenders.map(\.rawValue), Int64(limit), last?.originServerTS,
                last?.event.rawValue)
        }
        return try rows.map { row in
            let (room, event, rank, time) = try row.decode((Int64, Int64, Double, Int64).self)
            return SearchHit(roomNID: RoomNID(room), eventNID: EventNID(event), rank: rank, originServerTS: time)
        }
    }

    private func limited(
        _ body: @Sendable (PostgresTransaction) async throws -> PostgresRows
    ) async throws -> PostgresRows {
        do {
            return try await pool.transaction { transaction in
                _ = try await transaction.query(SearchStatements.limitTime, String(Self.timeLimitMilliseconds))
                return try await body(transaction)
            }
        } catch PostgresError.timedOut {
            throw SearchTookTooLong()
        }
    }

    /// What stands before and after each word that was found.
    package static let marks: (start: Character, end: Character) = ("\u{2}", "\u{3}")

    /// The texts with marks around what a search found in them.
    package func headlines(of texts: [String], for term: String) async throws -> [String] {
        guard !texts.isEmpty else { return [] }
        return try (try await pool.query(SearchStatements.headlines, term, texts)).map { try $0.get(0, String.self) }
    }
}
