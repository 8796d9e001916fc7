package import Telemetry

extension Telemetry {
    /// No log, and real time and randomness unless given.
    package static func silent(
        clock: any Clock = SystemClock(), random: any RandomSource = SystemRandomSource()
    ) -> Telemetry {
        Telemetry(log: .discarding, metrics: MetricsRegistry(), clock: clock, random: random)
    }
}
