import CoreWorkloads
import MatrixCore

/// Two forks of a large room that differ in ten state events.
enum ResolutionScenario {
    nonisolated(nonsending) static func run() async throws -> [Figures] {
        var found: [Figures] = []
        for size in [1_000, 50_000] { found.append(try await resolve("resolution", size, changes: 100)) }
        // Old members' events meet the mainline where they rest on it, which has to be followed down to there.
        found.append(try await resolve("resolution-deep", 100_000, changes: 1_000))
        return found
    }

    private nonisolated(nonsending) static func resolve(
        _ name: String, _ size: Int, changes powerLevelChanges: Int
    ) async throws -> Figures {
        var figures = Figures(name)
        let room = try await LargeRoom(memberCount: size, powerLevelChanges: powerLevelChanges)
        let fork = try await room.fork()
        let (left, right) = (fork.left, fork.right)
        let changes = try await room.resolver.resolve(left, with: [right])
        let time = try await Meter.best(runs: 100) { _ = try await room.resolver.resolve(left, with: [right]) }
        room.packs.reset(isCold: true)
        room.events.resetReads()
        _ = try await room.resolver.resolve(left, with: [right])
        let (packs, events) = (room.packs.reads, room.events.reads)
        figures.report("members", size)
        figures.report("power_level_changes", powerLevelChanges)
        figures.report("changes", changes.count)
        figures.report("warm_microseconds", time / 1e3)
        figures.report("cold_pack_bytes", packs.bytes)
        figures.judge("cold_pack_batches", packs.batches, atMost: CostLimits.coldPackBatches)
        figures.judge("cold_packs", packs.packs, atMost: CostLimits.coldPacks)
        figures.judge("edge_batches", events.edgeBatches, atMost: CostLimits.edgeBatches)
        figures.judge("edges", events.edges, atMost: CostLimits.edges + powerLevelChanges)
        figures.judge("event_batches", events.eventBatches, atMost: CostLimits.eventBatches)
        figures.judge("events", events.events, atMost: CostLimits.events)
        return figures
    }
}
