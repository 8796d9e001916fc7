import HTTPAPI
import Testing

@Suite struct OutboundURLTests {
    @Test(arguments: [
        ("http://Example.ORG", "http://example.org/"), ("https://a.b:8448/x?y=1#z", "https://a.b:8448/x?y=1"),
        ("https://a.b?q", "https://a.b/?q"), ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/"),
        ("http://1.2.3.4:1/%2e%2e", "http://1.2.3.4:1/%2e%2e"), ("HTTPS://a_b.c./", "https://a_b.c./"),
    ]) func reads(text: String, expected: String) throws {
        #expect(try #require(OutboundURL(text)).description == expected)
    }

    @Test(arguments: [
        "", "a", "http:/a", "http://", "http:///x", "ftp://a/", "javascript://a/", "http://a b/", "http://a\r\nX: y/",
        "http://u@a/", "http://u:p@a/", "http://a:0/", "http://a:65536/", "http://a:b/", "http://a:-1/", "http://[::1/",
        "http://[1.2.3.4]/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/",
        "http://1.2.3.04/",
        "http://a\\@b/", "http://a..b/", "http://.a/", "http://a%00/", "http://ü.example/", "http://[fe80::1%25eth0]/",
    ]) func refuses(text: String) {
        #expect(OutboundURL(text) == nil)
    }

    @Test(arguments: [
        ("/x", "https://a.b:1/x"), ("x", "https://a.b:1/p/x"), ("?x", "https://a.b:1/p/q?x"), ("//c/x", "https://c/x"),
        ("http://c", "http://c/"), ("", "https://a.b:1/p/"),
    ]) func resolvesLocations(location: String, expected: String) throws {
        let url = try #require(OutboundURL("https://a.b:1/p/q?r"))
        #expect(url.resolving(location: location)?.description == expected)
    }

    @Test func theHostHeaderHasThePortOnlyWhereItWasGiven() throws {
        #expect(try #require(OutboundURL("https://a/")).authority == "a")
        #expect(try #require(OutboundURL("https://a:443/")).authority == "a:443")
        #expect(try #require(OutboundURL("https://a/")).port == 443)
    }
}
