import Foundation
import MatrixCore
import Testing

/// Many federations, each from a seed. Set in the environment:
/// - `APUS_SIMULATION_SEED`: the one seed to run, of one that failed;
/// - `APUS_SIMULATION_VERSION`: the one room version;
/// - `APUS_SIMULATION_TRANSCRIPT`: print all events and what became of them;
/// - `APUS_SIMULATION_SEEDS`, `APUS_SIMULATION_FIRST`: how many seeds for each version, from which on.
@Suite struct SimulationTests {
    /// A few seeds each, so that a task ends now and then.
    struct Batch: Sendable, CustomTestStringConvertible {
        static let size = 10

        let version: RoomVersion
        let hearsay: Hearsay
        let first: UInt64
        let count: Int

        var testDescription: String {
            "version \(version), hearsay of \(hearsay), seeds \(first) to \(first + UInt64(count) - 1)"
        }
    }

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private static var versions: [RoomVersion] {
        guard let name = ProcessInfo.processInfo.environment["APUS_SIMULATION_VERSION"] else {
            return RoomVersion.supported
        }
        return RoomVersion(name).map { [$0] } ?? []
    }

    /// - Parameter count: of seeds for each version, unless more or fewer are asked for.
    private static func batches(_ hearsay: Hearsay, _ count: Int) -> [Batch] {
        if let seed = setting("APUS_SIMULATION_SEED") {
            return versions.map { Batch(version: $0, hearsay: hearsay, first: seed, count: 1) }
        }
        let first = setting("APUS_SIMULATION_FIRST") ?? 1
        let seeds = setting("APUS_SIMULATION_SEEDS").map { Int($0) } ?? count
        return stride(from: 0, to: seeds, by: Batch.size).flatMap { start in
            versions.map {
                Batch(
                    version: $0, hearsay: hearsay, first: first + UInt64(start),
                    count: min(Batch.size, seeds - start))
            }
        }
    }

    @Test(arguments: batches(.none, 170)) func honestServersAgree(batch: Batch) async throws {
        let total = try await run(batch)
        #expect(total.separated <= batch.count / 2)
        #expect(total.hearsay.events == 0)
    }

    /// Servers that let others tell them a state agree about everything that does not rest on that.
    @Test(arguments: batches(.honest, 20) + batches(.anybody, 20)) func hearsayGoesNoFurther(batch: Batch) async throws
    {
        let total = try await run(batch)
        #expect(total.hearsay.events > 0 || batch.count < Batch.size)
        // Whoever is told the truth comes to the same as those who saw it all.
        if batch.hearsay == .honest { #expect(total.hearsay.differences == 0, "\(total.hearsay)") }
    }

    private func run(_ batch: Batch) async throws -> Simulation.Tally {
        var total = Simulation.Tally()
        for seed in batch.first..<(batch.first + UInt64(batch.count)) {
            let plan = Simulation.Plan(version: batch.version, seed: seed, hearsay: batch.hearsay)
            var simulation = try await Simulation(plan)
            do { total += try await simulation.run() } catch { Issue.record("\(plan): \(error)") }
            if Self.setting("APUS_SIMULATION_TRANSCRIPT") != nil {
                for line in try await simulation.transcript() { print(line) }
            }
        }
        if Self.setting("APUS_SIMULATION_SEEDS") != nil { print(batch.testDescription, total) }
        return total
    }

    /// Otherwise all of this would say nothing.
    @Test func aServerThatForgetsWhatItRejectedIsFoundOut() async throws {
        var found = 0
        for seed in UInt64(1)...10 {
            var simulation = try await Simulation(Simulation.Plan(version: .v12, seed: seed), flaw: .forgetsRejections)
            do { _ = try await simulation.run() } catch { found += 1 }
        }
        #expect(found > 5)
    }

    @Test func aSeedIsOneRun() async throws {
        var transcripts: [[String]] = []
        for _ in 0..<2 {
            var simulation = try await Simulation(Simulation.Plan(version: .v11, seed: 7))
            _ = try await simulation.run()
            transcripts.append(try await simulation.transcript())
        }
        #expect(transcripts[0] == transcripts[1])
    }
}
