import Cluster
import MatrixCore
import Storage

/// How far a list of notifications was read: a place in each shard of the log, before which it goes on.
///
/// On the wire: a sync token, and for each shard where a page ended within a row of the log the shard and the event.
struct NotificationCursor: Sendable, Hashable {
    private var positions: LogVector
    /// Of the row at a shard's position the events before this one are still to come; none where there is no such event.
    private var rest: [Int16: Int64] = [:]

    /// From now on backwards.
    init(startingAt heads: LogVector) { positions = LogVector(heads.positions.map { $0 + 1 }) }

    func place(in shard: Int16) -> TimelinePlace {
        TimelinePlace(position: positions[shard], order: rest[shard] ?? 0)
    }

    /// Everything at a place and after it has been told, or came to nothing.
    mutating func move(to place: TimelinePlace, in shard: Int16) {
        positions[shard] = place.position
        rest[shard] = place.order
    }

    // MARK: On the wire

    func encoded(_ installation: Installation) -> String {
        let token = SyncToken(log: positions, ephemeral: 0).encoded(incarnation: installation.incarnation)
        return rest.sorted { $0.key < $1.key }.reduce(token) { "\($0).\($1.key).\($1.value)" }
    }

    /// - Returns: `nil` for what is no such token, or of another database.
    init?(_ text: String, _ installation: Installation) {
        guard text.utf8.count <= SyncToken.maxLength else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1, let first = parts.first,
            let token = try? SyncToken(
                String(first), incarnation: installation.incarnation, shards: Int(installation.shardCount))
        else { return nil }
        positions = token.log
        for index in stride(from: 1, to: parts.count, by: 2) {
            guard let shard = Int16(parts[index]), (0..<installation.shardCount).contains(shard),
                let event = Int64(parts[index + 1]), event >= 0
            else { return nil }
            rest[shard] = event
        }
    }
}
