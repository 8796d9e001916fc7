import Storage
import Telemetry

extension LogFeed {
    /// How long to wait after the database could not be read.
    private static let pauseAfterFailure = Duration.milliseconds(250)

    /// Follows the log until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let requests = await repairs.next()
            guard !requests.isEmpty else { continue }
            do {
                try await repair(requests)
            } catch is CancellationError {
                return
            } catch {
                telemetry.log.warning("the log could not be read; trying again", [.cause: "\(error)"])
                try? await telemetry.clock.sleep(for: Self.pauseAfterFailure)
                repairs.ask(.poll)
            }
        }
    }

    private func repair(_ requests: Set<LogRepairs.Request>) async throws {
        var shards: Set<Int16> = []
        if requests.contains(.poll) {
            let heads = try await store.heads(shards: installation.shardCount)
            for (index, position) in heads.positions.enumerated() where lanes[index].learn(position) {
                shards.insert(Int16(index))
            }
        }
        for request in requests {
            switch request {
            // Most often the missing rows have come by now.
            case .gap(let shard): if lanes[Int(shard)].isBehind { shards.insert(shard) }
            case .rumour(let shard): shards.insert(shard)
            case .poll: break
            }
        }
        try await withThrowingTaskGroup { group in
            for shard in shards { group.addTask { try await self.catchUp(shard) } }
            try await group.waitForAll()
        }
    }

    /// Reads the rows of a shard that are not here yet, to the end.
    func catchUp(_ shard: Int16) async throws {
        let lane = lanes[Int(shard)]
        while true {
            let expected = lane.known
            var previous = lane.head
            let rows = try await store.rows(of: shard, after: previous)
            for row in rows {
                // Positions become visible in order: between two rows of one answer there is nothing.
                apply(row, previous: previous)
                previous = row.position
            }
            if rows.count < LogStore.maxRows {
                lane.settle(expected)
                return
            }
        }
    }
}
