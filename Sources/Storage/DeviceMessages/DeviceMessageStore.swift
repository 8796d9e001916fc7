package import MatrixCore
package import Postgres

/// Messages to devices: what waits for them, and what was sent already.
package struct DeviceMessageStore: Sendable {
    /// Messages in one page of an inbox.
    package static let maxMessages = 100
    /// Bytes of the messages in one page, of which there is one at least.
    package static let maxPageBytes: Int64 = 1 << 20
    /// Acknowledged messages that one look deletes. A page that was acknowledged is less; what is left over goes with the next.
    static let maxDeletions: Int64 = 1000
    /// Rows that one step of the upkeep deletes.
    package static let maxPurged: Int64 = 1000

    package enum Outcome: Sendable {
        /// None for what was stored before, and where nobody is to get anything.
        case stored([DeviceMessageRow])
        /// `*` stands for so many devices that the limits are exceeded. Nothing was stored.
        case tooMany
    }

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Stores messages with rows of the log, all of them or none. What a source sent before is not stored again, on whichever
    /// worker; devices that are not there get nothing.
    ///
    /// - Parameter expiresAt: until when the sources are known, in milliseconds since 1970.
    /// - Cost: one statement.
    package func send(_ batch: DeviceMessageBatch, expiresAt: Int64, now: Int64) async throws -> Outcome {
        do {
            return .stored(try await write(batch, expiresAt: expiresAt, now: now))
        } catch {
            guard (error as? PostgresError)?.sqlState == Self.limitExceeded else { throw error }
            return .tooMany
        }
    }

    private func write(_ batch: DeviceMessageBatch, expiresAt: Int64, now: Int64) async throws -> [DeviceMessageRow] {
        let isPlain = batch.isPlain
        let (entries, outgoing) = (isPlain ? batch.entriesByUser : batch.entries, batch.outgoing)
        let rows = try await pool.query(
            DeviceMessageStatements.send, isPlain, batch.shards, batch.digests, expiresAt,
            entries.map(\.user.nid.rawValue),
            entries.map(\.user.shard), entries.map { $0.deviceID ?? "*" }, entries.map(\.source), entries.map(\.body),
            batch.senderShard, outgoing.map(\.server.description), outgoing.map(\.source), outgoing.map(\.edu),
            DeviceMessageBatch.maxRows, DeviceMessageBatch.maxBytes, now)
        return try rows.map { row in
            let (shard, user, position, previous) = try row.decode((Int16, Int64?, Int64, Int64).self)
            return DeviceMessageRow(
                userNID: user.map { UserNID($0) },
                position: LogPosition(shard: shard, position: position, previous: previous))
        }
    }

    /// `program_limit_exceeded`
    private static let limitExceeded = "54000"

    /// Deletes what a device has seen, and reads what comes next.
    ///
    /// - Parameters:
    ///   - seen: `nil` deletes nothing and begins with the oldest.
    ///   - head: what came after this position of the user's shard is left out.
    ///   - limit: at most `maxMessages`.
    /// - Cost: one statement.
    package func take(
        for deviceID: String, of user: UserNID, seen: InboxPlace?, upTo head: Int64, limit: Int = maxMessages
    ) async throws -> InboxPage {
        let rows = try await pool.query(
            DeviceMessageStatements.take, user.rawValue, deviceID, seen?.position, seen?.order, head,
            Int64(min(max(limit, 1), Self.maxMessages)), Self.maxPageBytes, Self.maxDeletions)
        return try Self.page(rows)
    }

    /// - Parameter rows: what `take_device_messages` answers.
    static func page(_ rows: PostgresRows) throws -> InboxPage {
        var messages: [InboxPage.Message] = []
        for row in rows {
            let (position, order, body) = try row.decode((Int64, Int32, [UInt8]?).self)
            guard let body else { return InboxPage(messages: messages, isCut: true) }
            messages.append(InboxPage.Message(place: InboxPlace(position: position, order: order), body: body))
        }
        return InboxPage(messages: messages)
    }

    // MARK: Upkeep

    /// Forgets sources that were known until a time, at most `maxPurged`.
    ///
    /// - Returns: how many.
    package func purgeKnown(before now: Int64) async throws -> Int64 {
        Int64(try await pool.execute(DeviceMessageStatements.purgeKnown, now, Self.maxPurged))
    }

    /// Deletes a part of the messages to devices that are deleted.
    ///
    /// - Returns: how many rows; 0 when there are none left.
    package func sweepAbandoned() async throws -> Int64 {
        guard var row = try await pool.query(DeviceMessageStatements.sweepAbandoned, Self.maxPurged).first else {
            return 0
        }
        return try row.next(Int64.self)
    }
}
