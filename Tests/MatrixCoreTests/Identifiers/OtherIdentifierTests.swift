import MatrixCore
import Testing

struct OtherIdentifierTests {
    @Test func readsMXCURIs() throws {
        let uri = try #require(MXCURI("mxc://example.com:80/AQwaf_sV-5"))
        #expect(uri.serverName.description == "example.com:80")
        #expect(uri.mediaID == "AQwaf_sV-5")
        #expect(uri.description == "mxc://example.com:80/AQwaf_sV-5")
    }

    @Test(arguments: [
        "", "mxc://", "mxc://a", "mxc://a/", "mxc:///b", "mxc://a/b/c", "mxc://a/b?c", "mxc://a/b#c", "mxc://a/..",
        "MXC://a/b",
        "http://a/b", "mxc://a b/c", "mxc://a/b c", "mxc://a/%2e", "mxc://a/é", "mxc://a/b\0", "mxc://\u{301}a/b",
        "mxc://a/\u{301}b",
    ])
    func refusesWhatIsNoMXCURI(_ text: String) { #expect(MXCURI(text) == nil) }

    @Test func readsKeyIDs() throws {
        let id = try #require(SigningKeyID("ed25519:auto_1"))
        #expect(id.algorithm == "ed25519")
        #expect(id.version == "auto_1")
        #expect(id.isEd25519 && id.isServerKey)
        let device = try #require(SigningKeyID("curve25519:AB+/=.x:y"))
        #expect(!device.isEd25519 && !device.isServerKey)
        #expect(device.version == "AB+/=.x:y")
        for text in ["", "ed25519", "ed25519:", ":a", "ED25519:a", "ed25519:a b", "ed25519:é", "ed 1:a", "ed25519:a\n"]
        {
            #expect(SigningKeyID(text) == nil)
        }
    }

    @Test func checksOpaqueIdentifiers() {
        for text in ["a", "A-._~9", String(repeating: "x", count: 255)] { #expect(OpaqueIdentifier.isValid(text)) }
        for text in ["", "a b", "é", "a/b", "a+b", String(repeating: "x", count: 256)] {
            #expect(!OpaqueIdentifier.isValid(text))
        }
        for text in ["m.login", "a", "org.example-x.y_z"] { #expect(OpaqueIdentifier.isNamespaced(text)) }
        for text in ["", "M.x", ".m", "1a", "a b", "a/b"] { #expect(!OpaqueIdentifier.isNamespaced(text)) }
        for text in ["ABCDEF", "my phone", "é"] { #expect(OpaqueIdentifier.isDeviceID(text)) }
        for text in ["", "a\0", "a\n", String(repeating: "x", count: 256)] {
            #expect(!OpaqueIdentifier.isDeviceID(text))
        }
    }
}
