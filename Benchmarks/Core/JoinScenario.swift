import CoreWorkloads
import MatrixCore

/// The answer to a join into a room of thirty thousand events.
///
/// The limit is libsodium's check of as many signatures on all processors, just before.
enum JoinScenario {
    static func run() async throws -> [Figures] {
        var figures = Figures("send-join")
        let answer = try await JoinAnswer(eventCount: 30_000)
        let alone = 1e9 / MachineLimits.verifyNanoseconds(answer.message)
        let limit = await Spent.by { _ = await answer.checkSignaturesOnly() }
        Allocations.giveBack()
        let before = Meter.residentBytes()
        var most = before
        var good = 0
        let spent = try await Spent.by { good = try await answer.check { most = max(most, Meter.residentBytes()) } }
        figures.report("events", answer.eventCount)
        figures.report("megabytes", Double(answer.bytes.count) / 1e6)
        figures.report("events_per_second", Double(answer.eventCount) / spent.wall * 1e9)
        figures.report("libsodium_on_one_processor_per_second", alone)
        figures.report("processors", Meter.processorCount)
        figures.report("processors_used", spent.processor / spent.wall)
        figures.report("ratio_of_processor_time_to_verifying", spent.processor / limit.processor)
        figures.report("ratio_of_time_to_verifying", spent.wall / limit.wall)
        figures.report("memory_growth_megabytes", Double(most - before) / 1e6)
        figures.report("memory_growth_per_byte", Double(most - before) / Double(answer.bytes.count))
        figures.judge("events_not_in_order", answer.eventCount - good, atMost: 0)
        return [figures]
    }
}

/// What some work took, in nanoseconds.
private struct Spent {
    let wall: Double
    let processor: Double

    nonisolated(nonsending) static func by(
        _ work: nonisolated(nonsending) () async throws -> Void
    ) async rethrows -> Spent {
        let (wall, processor) = (Meter.wallNanoseconds(), Meter.processorNanoseconds())
        try await work()
        return Spent(wall: Meter.wallNanoseconds() - wall, processor: Meter.processorNanoseconds() - processor)
    }
}
