import ServerConfiguration
import Testing

@Suite struct AddressTests {
    @Test(arguments: ["127.0.0.1:8008", "[::1]:8448", "localhost:1", "worker-1.example.com:65535", "0.0.0.0:8448"])
    func readsAnAddress(_ text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ":", "8008", ":8008", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+80",
        "127.0.0.1: 80",
        "127.0.0.256:80", "1.2.3:80", "::1:80", "[::1:80", "[localhost]:80", "a_b:80", "-a:80", "a..b:80", "a b:80",
        "127.0.0.1:99999999999999999999", "[fe80::1%eth0]:80", "127.0.0.1:٨٠",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func readsRedisURLs() throws {
        #expect(RedisURL("redis://localhost")?.endpoint == .tcp(host: "localhost", port: 6379))
        #expect(RedisURL("redis://[::1]")?.endpoint == .tcp(host: "::1", port: 6379))
        #expect(RedisURL("redis://[::1]:7000/")?.endpoint == .tcp(host: "::1", port: 7000))
        #expect(RedisURL("unix:///run/redis.sock")?.endpoint == .unix(path: "/run/redis.sock"))
        let url = try #require(RedisURL("redis://apus:p%40ss%3Aword@127.0.0.1:6379/3"))
        #expect(url.user == "apus")
        #expect(url.password?.text == "p@ss:word")
        #expect(url.database == 3)
        for bad in [
            "redis://", "redis://a@b", "redis://:%zz@h", "redis://:%ff@h", "redis://h/-1", "rediss://h", "unix://",
        ] {
            #expect(RedisURL(bad) == nil, "\(bad)")
        }
    }
}
