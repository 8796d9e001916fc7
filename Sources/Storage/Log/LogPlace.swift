/// A place of the log.
package struct LogPlace: Sendable, Hashable {
    package let shard: Int16
    package let position: Int64

    package init(shard: Int16, position: Int64) {
        self.shard = shard
        self.position = position
    }

    package init(of row: LogRow) { self.init(shard: row.shard, position: row.position) }
}
