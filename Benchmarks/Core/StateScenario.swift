import CoreWorkloads
import MatrixCore

/// What a change of a state writes, and what a comparison of two states reads.
enum StateScenario {
    nonisolated(nonsending) static func run() async throws -> [Figures] {
        var found = [try await change()]
        for size in [1_000, 50_000, 500_000] { found.append(try await difference(size)) }
        return found
    }

    private nonisolated(nonsending) static func change() async throws -> Figures {
        var figures = Figures("state-change")
        let states = try await LargeState(entryCount: 50_000)
        var sizes: [Int] = []
        for index in 0..<200 { sizes.append(try await states.bytesOfChange(at: index * 241)) }
        let time = try await Meter.best(runs: 200) { _ = try await states.bytesOfChange(at: 7) }
        figures.report("entries", 50_000)
        figures.report("microseconds", time / 1e3)
        figures.report("bytes_mean", Double(sizes.reduce(0, +)) / Double(sizes.count))
        figures.judge("bytes_most", sizes.max() ?? 0, atMost: CostLimits.stateChangeBytes)
        return figures
    }

    private nonisolated(nonsending) static func difference(_ size: Int) async throws -> Figures {
        var figures = Figures("state-difference")
        let states = try await LargeState(entryCount: size)
        let (left, right) = try await states.forked()
        states.packs.reset(isCold: false)
        let found = try await left.difference(to: right.root).count
        let reads = states.packs.reads
        let time = try await Meter.best(runs: 500) { _ = try await left.difference(to: right.root) }
        states.packs.reset(isCold: true)
        _ = try await left.difference(to: right.root)
        figures.report("entries", size)
        figures.report("differences", found)
        figures.report("microseconds", time / 1e3)
        figures.report("cold_batches", states.packs.reads.batches)
        figures.report("cold_bytes", states.packs.reads.bytes)
        figures.judge("packs", reads.lookUps, atMost: CostLimits.differencePacks)
        return figures
    }
}
