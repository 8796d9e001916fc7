extension ServerConfiguration {
    /// The PostgreSQL database, which holds everything.
    package struct Database: ConfigurationSection {
        /// A libpq URL or libpq keywords; may hold a password.
        package let url: Secret
        /// Connections a worker keeps open.
        package let poolSize: Int
        /// How long a statement may take before Postgres ends it.
        package let statementTimeout: Duration

        static let documentation = [url.documentation, poolSize.documentation, statementTimeout.documentation]

        private static let url = Key(
            "url", .secret("a libpq URL or libpq keywords"), example: #""postgresql://apus@127.0.0.1/apus""#,
            """
            Where the database is: a URL (postgresql://user@host/name) or libpq keywords (host=/run/postgresql dbname=apus).
            Several hosts may be named, as libpq understands them.
            """)
        private static let poolSize = Key(
            "pool_size", .integer(1...256), default: 8,
            "How many connections each worker keeps open. Queries are pipelined: few connections carry much.")
        private static let statementTimeout = Key(
            "statement_timeout_seconds", .seconds(1...3600), default: .seconds(30), unit: "seconds",
            "A statement that takes longer is ended, and its request fails. Migrations are not bound by it.")

        init?(from reader: SectionReader) {
            guard let (url, poolSize, statementTimeout) = reader.values(Self.url, Self.poolSize, Self.statementTimeout)
            else { return nil }
            guard url.text.hasPrefix("postgresql://") || url.text.hasPrefix("postgres://") || url.text.contains("=")
            else {
                reader.refuse("url", "neither a postgresql:// URL nor libpq keywords (host=... dbname=...)")
                return nil
            }
            (self.url, self.poolSize, self.statementTimeout) = (url, poolSize, statementTimeout)
        }
    }
}
