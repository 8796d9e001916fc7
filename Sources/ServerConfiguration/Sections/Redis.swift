extension ServerConfiguration {
    /// Redis, which wakes workers. Nothing is lost when it is.
    package struct Redis: ConfigurationSection {
        package let url: RedisURL

        static let documentation = [url.documentation]

        private static let url = Key(
            "url", .secret("a URL like redis://127.0.0.1:6379/0 or unix:///run/redis/redis.sock"),
            example: #""redis://127.0.0.1:6379/0""#,
            "Where Redis is: redis://host:port/database, with :password@ before the host if it wants one, or unix:///path."
        )

        init?(from reader: SectionReader) {
            guard let secret = reader.value(Self.url) else { return nil }
            guard let url = RedisURL(secret.text) else {
                reader.refuse("url", "expected redis://host:port/database or unix:///path")
                return nil
            }
            self.url = url
        }
    }
}
