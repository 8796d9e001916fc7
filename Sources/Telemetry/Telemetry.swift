package import Logging

/// What every part of a process needs to be observed and to be tested: logs, metrics, time and randomness.
///
/// It is passed around; there is no global logger, registry, clock or generator, so that several servers can live in
/// one process and a test owns the time and the dice of each.
package struct Telemetry: Sendable {
    package var log: Log
    package let metrics: MetricsRegistry
    package let clock: any Clock
    package let random: any RandomSource

    package init(log: Log, metrics: MetricsRegistry, clock: any Clock, random: any RandomSource) {
        self.log = log
        self.metrics = metrics
        self.clock = clock
        self.random = random
    }

    /// The telemetry of a real process: standard error, the system's clock and the kernel's generator.
    package static func live(format: LogFormat = .text, level: Logger.Level = .info, worker: String? = nil) -> Telemetry
    {
        let clock = SystemClock()
        let output = LogOutput(sink: StandardErrorSink(), format: format, level: level, clock: clock)
        var log = Log(label: "apus", output: output)
        if let worker { log = log.with(.worker, worker) }
        return Telemetry(log: log, metrics: MetricsRegistry(), clock: clock, random: SystemRandomSource())
    }

    /// The same telemetry, logging under another label.
    package func labelled(_ label: String) -> Telemetry {
        var copy = self
        copy.log = log.labelled(label)
        return copy
    }
}
