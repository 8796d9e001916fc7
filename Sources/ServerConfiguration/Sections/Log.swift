extension ServerConfiguration {
    /// What the process tells on standard error.
    package struct Log: ConfigurationSection {
        package enum Level: String, Sendable, CaseIterable {
            case trace
            case debug
            case info
            case notice
            case warning
            case error
            case critical
        }

        package enum Format: String, Sendable, CaseIterable {
            /// One line a record, for people.
            case text
            /// One JSON object a line, for programs.
            case json
        }

        package let level: Level
        package let format: Format

        static let documentation = [levelKey.documentation, formatKey.documentation]

        private static let levelKey = Key<Level>("level", .word, default: .info, "The least grave of what is told.")
        private static let formatKey = Key<Format>(
            "format", .word, default: .text,
            "text: one line a record, for people. json: one object a line, for programs.")

        init?(from reader: SectionReader) {
            guard let (level, format) = reader.values(Self.levelKey, Self.formatKey) else { return nil }
            (self.level, self.format) = (level, format)
        }
    }

    package struct Metrics: ConfigurationSection {
        /// `nil`: metrics are not served.
        package let address: ListenAddress?

        static let documentation = [addressKey.documentation]

        private static let addressKey = Key<ListenAddress?>(
            "address", .optional(.address), default: .some(nil),
            "Where `apus serve` answers GET /metrics (Prometheus text); workers have a metrics_address of their own.")

        init?(from reader: SectionReader) {
            guard let address = reader.value(Self.addressKey) else { return nil }
            self.address = address
        }
    }
}
