import MatrixCore
import Testing

struct ServerNameTests {
    @Test(
        arguments: [
            ("matrix.org", "matrix.org", nil, ServerName.HostKind.dns), ("matrix.org:8888", "matrix.org", 8888, .dns),
            ("1.2.3.4", "1.2.3.4", nil, .ipv4), ("1.2.3.4:1234", "1.2.3.4", 1234, .ipv4),
            ("[1234:5678::abcd]", "1234:5678::abcd", nil, .ipv6),
            ("[1234:5678::abcd]:5678", "1234:5678::abcd", 5678, .ipv6),
            ("localhost", "localhost", nil, .dns), ("A-b.C", "A-b.C", nil, .dns), ("1.2.3.400", "1.2.3.400", nil, .dns),
            ("a:00080", "a", 80, .dns), ("a:65535", "a", 65535, .dns),
        ] as [(String, String, UInt16?, ServerName.HostKind)])
    func splitsHostAndPort(_ text: String, _ host: String, _ port: UInt16?, _ kind: ServerName.HostKind) throws {
        let name = try #require(ServerName(text))
        #expect(name.host == host)
        #expect(name.port == port)
        #expect(name.hostKind == kind)
        #expect(name.isIPLiteral == (kind != .dns))
    }

    @Test(arguments: [
        "", ":", ":80", "a:", "a:b", "a:123456", "a:65536", "a:-1", "a:8 0", "a b", "a_b", "é", "a/b", "a@b", "[", "[]",
        "[::1",
        "::1", "[::1]x", "[::1]:", "[g::1]", "[1:2:3]", "[:::]", "[1::2::3]", "a\n", "a\0", "a:80:80", "*.a", "[::1]80",
        "[fe80::1%eth0]", "a:+1", "a:٣",
    ])
    func refusesWhatIsNoServerName(_ text: String) {
        #expect(ServerName(text) == nil)
    }

    @Test(arguments: [
        "::", "::1", "1::", "1::2", "1:2:3:4:5:6:7:8", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3::5:6:7:8",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4", "ABCD:ef01::", "::1.2.3.4", "0:0:0:0:0:0:0:0",
    ])
    func acceptsIPv6(_ text: String) { #expect(IPAddressText.isIPv6(text.utf8)) }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:",
        "12345::",
        "g::", "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.256", "1:2:3:4::5:6:7:8", ":1", "1:", "::1 ",
        "1.2.3.4",
        "1:1.2.3.4::", "::1:", ":1::",
    ])
    func refusesWhatIsNoIPv6(_ text: String) { #expect(!IPAddressText.isIPv6(text.utf8)) }

    @Test func acceptsIPv4() {
        for text in ["0.0.0.0", "255.255.255.255", "1.2.3.4"] { #expect(IPAddressText.isIPv4(text.utf8)) }
        for text in ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "1.2.3.x", "0001.2.3.4", "-1.2.3.4"] {
            #expect(!IPAddressText.isIPv4(text.utf8))
        }
    }

    @Test func caseCounts() { #expect(ServerName("matrix.org") != ServerName("MATRIX.org")) }
}
