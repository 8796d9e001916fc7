package import Logging

/// A logger whose messages are constants and whose values stand under the closed set of `LogKey`.
///
/// ```swift
/// log.warning("event refused", [.eventID: "\(eventID)", .cause: "\(error)"])
/// ```
/// Cost: nothing but a comparison when the level is off; the fields are not even computed.
package struct Log: Sendable {
    /// The same logger for libraries that want one of swift-log.
    package private(set) var logger: Logger
    private let output: LogOutput

    package init(label: String, output: LogOutput) {
        self.output = output
        logger = Logger(label: label) { _ in LineLogHandler(label: label, output: output) }
    }

    /// A log that writes nothing.
    package static var discarding: Log {
        Log(label: "", output: LogOutput(sink: DiscardingSink(), format: .text, level: .critical, clock: SystemClock()))
    }

    /// The same output and bound fields under another label.
    package func labelled(_ label: String) -> Log {
        var copy = Log(label: label, output: output)
        for key in LogKey.allCases {
            if let value = logger[metadataKey: key.rawValue] { copy.logger[metadataKey: key.rawValue] = value }
        }
        return copy
    }

    /// The same log with one more field on every record.
    package func with(_ key: LogKey, _ value: String) -> Log {
        var copy = self
        copy.logger[metadataKey: key.rawValue] = .string(value)
        return copy
    }

    /// Whether records of this level are written.
    package func writes(_ level: Logger.Level) -> Bool { level >= logger.logLevel }

    package func debug(_ message: StaticString, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        write(.debug, message, fields)
    }

    package func info(_ message: StaticString, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        write(.info, message, fields)
    }

    /// For what an operator should know, though the server copes with it.
    package func warning(_ message: StaticString, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        write(.warning, message, fields)
    }

    /// For what an operator should act on.
    package func error(_ message: StaticString, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        write(.error, message, fields)
    }

    private func write(_ level: Logger.Level, _ message: StaticString, _ fields: () -> [LogKey: String]) {
        guard level >= logger.logLevel else { return }
        var metadata = Logger.Metadata()
        for (key, value) in fields() { metadata[key.rawValue] = .string(value) }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}
