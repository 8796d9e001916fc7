import Glibc

/// Measures the core of the protocol, and prints a line of JSON for each scenario.
///
/// Times are processor time, beside what the machine can do at best, measured in the same run. Counts are judged: the program
/// ends with status 1 when one is above what is committed in `CostLimits`.
///
///     apus-core-benchmark [event] [state] [resolution] [join] [push] [header]...
///     apus-core-benchmark room MEMBERS      the forked room of the resolution scenario, for other implementations
@main
enum CoreBenchmark {
    private static let scenarios: [(name: String, run: @Sendable () async throws -> [Figures])] = [
        ("event", { try EventScenario.run() }),
        ("state", { try await StateScenario.run() }),
        ("resolution", { try await ResolutionScenario.run() }),
        ("join", { try await JoinScenario.run() }),
        ("push", { try PushScenario.run() }),
        ("header", { try HeaderScenario.run() }),
    ]

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 2, arguments[0] == "room", let size = Int(arguments[1]), size > 0 {
            return print(try await RoomPrinter.run(memberCount: size))
        }
        let wanted = Set(arguments)
        let unknown = wanted.subtracting(scenarios.map(\.name))
        guard unknown.isEmpty else {
            print("no such scenario: \(unknown.sorted().joined(separator: ", "))")
            exit(64)
        }
        var hasFailed = false
        for scenario in scenarios where wanted.isEmpty || wanted.contains(scenario.name) {
            for figures in try await scenario.run() {
                print(figures.finished())
                hasFailed = hasFailed || !figures.failures.isEmpty
            }
        }
        if hasFailed { exit(1) }
    }
}
