import Storage

extension LogFeed {
    /// Brings this worker to where some shards of the log are: whatever was acknowledged by any worker before the call has
    /// been told to the observers when it returns.
    ///
    /// Hints mostly bring it sooner, and may be late or lost; this asks the database.
    ///
    /// Cost: one query, shared with the requests of the same moment; one look at the end of an index for each shard.
    /// - Throws: when the database cannot be asked.
    package func reachPresent(of shards: Set<Int16>) async throws {
        try await questions.ask(shards.filter { lanes.indices.contains(Int($0)) }) {
            try await self.readPresent(of: $0)
        }
    }

    /// The same for all shards.
    package func reachPresent() async throws {
        try await reachPresent(of: Set(lanes.indices.map { Int16($0) }))
    }

    private func readPresent(of shards: Set<Int16>) async throws {
        // Most often it is one; the statement for one has a plan that is kept.
        if shards.count == 1, let shard = shards.first { return try await catchUp(shard) }
        let start = shards.sorted().map { (shard: $0, position: lanes[Int($0)].head) }
        let rows = try await store.rows(after: start)
        guard !rows.isEmpty else { return }
        let byShard = Dictionary(grouping: rows, by: \.shard)
        for (shard, position) in start {
            guard let rows = byShard[shard] else { continue }
            var previous = position
            for row in rows {
                // Positions become visible in order: between two rows of one answer there is nothing.
                apply(row, previous: previous)
                previous = row.position
            }
            // This worker is further behind than one answer brings.
            if rows.count == LogStore.maxRowsOfEach { try await catchUp(shard) }
        }
    }
}
