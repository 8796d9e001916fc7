import HTTPAPI
import Testing
import Transport

@Suite struct AddressTests {
    @Test(arguments: [
        ("1.2.3.4", "1.2.3.4"), ("::1", "::1"), ("2001:DB8::0:1", "2001:db8::1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ]) func readsAndWrites(text: String, expected: String) throws {
        #expect(try #require(IPAddress(text)).description == expected)
    }

    @Test(arguments: [
        "", "1.2.3", "127.1", "0x7f.0.0.1", "1.2.3.256", "010.0.0.1", "1.2.3.4 ", "fe80::1%eth0", "[::1]", "::1::",
        "example.org",
    ])
    func refusesEverythingElse(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1",
        "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "fc00::1", "fdff::1", "fe80::1",
        "fec0::1",
        "ff02::1", "4000::1",
    ]) func isNotPublic(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy(allowsPrivateAddresses: false).allows(address))
        #expect(AddressPolicy(allowsPrivateAddresses: true).allows(address))
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1", "172.15.0.1",
        "172.32.0.1",
        "192.167.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:1.1.1.1",
        "64:ff9b::101:101", "2002:101:101::1",
    ]) func isPublic(text: String) throws {
        #expect(AddressPolicy(allowsPrivateAddresses: false).allows(try #require(IPAddress(text))))
    }
}
