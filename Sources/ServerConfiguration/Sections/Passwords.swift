extension ServerConfiguration {
    /// How passwords are stored.
    package struct Passwords: ConfigurationSection {
        package enum Cost: String, Sendable, CaseIterable {
            /// What argon2id is recommended with.
            case standard
            /// The least that argon2id can do, for tests that make many accounts.
            case minimum
        }

        package let cost: Cost

        static let documentation = [cost.documentation]

        private static let cost = Key<Cost>(
            "cost", .word, default: .standard,
            "How much work a hash is. `minimum` is for tests: stolen hashes would be easy to break.")

        init?(from reader: SectionReader) {
            guard let cost = reader.value(Self.cost) else { return nil }
            self.cost = cost
        }
    }
}
