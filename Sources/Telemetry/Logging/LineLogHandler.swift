package import Logging

/// swift-log's side of `LogOutput`: one logger's label and bound fields.
package struct LineLogHandler: LogHandler {
    private let label: String
    private let output: LogOutput
    private var ownLevel: Logger.Level?
    package var metadata: Logger.Metadata = [:]

    package init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    /// The process's level, unless this logger was given its own.
    package var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let own = event.metadata { fields.merge(own) { _, own in own } }
        if let error = event.error { fields[LogKey.cause.rawValue] = "\(error)" }
        output.write(label: label, level: event.level, message: "\(event.message)", metadata: fields)
    }
}
