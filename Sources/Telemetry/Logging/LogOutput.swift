package import Logging
import Synchronization

/// How a record is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00.000Z info label: message key=value`
    case text
    /// One JSON object a line.
    case json
}

/// Where the records of one process go: the level, the format and the sink that all its loggers share.
package final class LogOutput: Sendable {
    private let sink: any LogSink
    private let clock: any Clock
    package let format: LogFormat
    private let levelIndex: Atomic<Int>

    package init(sink: any LogSink, format: LogFormat, level: Logger.Level, clock: any Clock) {
        self.sink = sink
        self.format = format
        self.clock = clock
        levelIndex = Atomic(Self.levels.firstIndex(of: level) ?? 0)
    }

    private static let levels = Logger.Level.allCases

    /// The lowest level that is written. May be changed while the process runs.
    package var level: Logger.Level {
        get { Self.levels[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(Self.levels.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    func write(label: String, level: Logger.Level, message: String, metadata: Logger.Metadata) {
        var line = LogLine(format: format)
        line.render(
            milliseconds: clock.nowMilliseconds, level: level.rawValue, label: label, message: message,
            fields: metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
        sink.write(line: line.bytes)
    }
}

/// Takes finished lines, each ending in a newline.
package protocol LogSink: Sendable {
    func write(line: [UInt8])
}

/// Takes lines and drops them.
package struct DiscardingSink: LogSink {
    package init() {}
    package func write(line: [UInt8]) {}
}

/// Keeps the newest lines in memory, for tests.
package final class MemorySink: LogSink {
    private static let maximumLines = 10_000
    private let kept = Mutex<[String]>([])

    package init() {}

    package var lines: [String] { kept.withLock { $0 } }

    package func write(line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        kept.withLock { kept in
            if kept.count == Self.maximumLines { kept.removeFirst() }
            kept.append(text)
        }
    }
}
