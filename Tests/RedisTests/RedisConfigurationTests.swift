import Redis
import Testing

@Suite struct RedisConfigurationTests {
    @Test func readsURLs() throws {
        #expect(
            try RedisConfiguration(url: "redis://localhost") == .init(endpoint: .tcp(host: "localhost", port: 6379)))
        #expect(
            try RedisConfiguration(url: "redis://127.0.0.1:7000/3")
                == .init(endpoint: .tcp(host: "127.0.0.1", port: 7000), database: 3))
        #expect(
            try RedisConfiguration(url: "redis://me:p%40ss%3a@[::1]:7000/")
                == .init(endpoint: .tcp(host: "::1", port: 7000), user: "me", password: "p@ss:"))
        #expect(
            try RedisConfiguration(url: "redis://:only@host")
                == .init(endpoint: .tcp(host: "host", port: 6379), password: "only"))
        #expect(try RedisConfiguration(url: "redis://[::1]") == .init(endpoint: .tcp(host: "::1", port: 6379)))
        #expect(
            try RedisConfiguration(url: "unix:///run/redis.sock") == .init(endpoint: .unix(path: "/run/redis.sock")))
    }

    @Test(arguments: [
        "", "redis://", "rediss://host", "redis://host:", "redis://host:0", "redis://host:70000", "redis://host/x",
        "redis://host/-1", "redis://password@host", "redis://a:%zz@host", "redis://a:%4@host", "unix://relative",
        "unix:///" + String(repeating: "x", count: 200), "http://host",
    ])
    func refusesWhatIsNoURL(_ url: String) {
        #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    }
}
