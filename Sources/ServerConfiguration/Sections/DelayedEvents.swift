extension ServerConfiguration {
    /// Events that are sent later than they are given.
    package struct DelayedEvents: ConfigurationSection {
        package let maxDelay: Duration
        package let maxScheduled: Int

        static let documentation = [maxDelayKey.documentation, maxScheduledKey.documentation]

        private static let maxDelayKey = Key(
            "max_delay_seconds", .seconds(1...31_536_000), default: .seconds(86_400), unit: "seconds",
            "The longest time after which an event may be sent.")
        private static let maxScheduledKey = Key(
            "max_scheduled", .integer(0...10_000), default: 100,
            "Events that a user may have waiting at the same time. 0: nobody may have events sent later.")

        init?(from reader: SectionReader) {
            guard let (delay, scheduled) = reader.values(Self.maxDelayKey, Self.maxScheduledKey) else { return nil }
            (maxDelay, maxScheduled) = (delay, scheduled)
        }
    }
}
