import MatrixCore
import Testing

struct UserIDTests {
    @Test(arguments: ["@a:b", "@alice:example.com", "@a.b_c=d-e/f+9:example.com:8448", "@a:[::1]:80", "@a:1.2.3.4"])
    func acceptsStrictIDs(_ text: String) throws {
        let id = try #require(UserID(text))
        #expect(id.isStrict)
        #expect(id.isCompliant)
        #expect(id.description == text)
    }

    @Test(arguments: ["@Alice:b", "@a b:c", "@é:b", "@:b", "@\n:b", "@a#b:c", "@😀:b", "@@:b"])
    func acceptsHistoricalIDs(_ text: String) throws {
        let id = try #require(UserID(text))
        #expect(!id.isStrict)
    }

    @Test(arguments: ["@Alice:b", "@a#b:c", "@@~:b"])
    func tellsCompliantFromStrict(_ text: String) throws {
        #expect(try #require(UserID(text)).isCompliant)
    }

    @Test(arguments: ["@a b:c", "@é:b", "@:b", "@\u{7f}:b"])
    func tellsWhatIsNotCompliant(_ text: String) throws {
        #expect(try !#require(UserID(text)).isCompliant)
    }

    @Test(arguments: [
        "", "@", "a:b", "@a", "@a:", "#a:b", "!a:b", "@a\0b:c", "@a:b c", "@a:b/c", "@a:b:c", "@a:b:", "@a:b:123456",
        " @a:b",
        "@a:b ", "@a:é", "@a:b\0",
    ])
    func refusesWhatIsNoUserID(_ text: String) {
        #expect(UserID(text) == nil)
    }

    @Test func boundsTheLength() {
        #expect(UserID("@" + String(repeating: "a", count: 252) + ":b") != nil)
        #expect(UserID("@" + String(repeating: "a", count: 253) + ":b") == nil)
        #expect(UserID("@" + String(repeating: "é", count: 127) + ":b") == nil)
    }

    @Test func hasParts() throws {
        let id = try #require(UserID("@alice:example.com:8448"))
        #expect(id.localpart == "alice")
        #expect(id.serverName.description == "example.com:8448")
        let server = try #require(ServerName("b"))
        #expect(UserID(localpart: "a", serverName: server) == UserID("@a:b"))
        #expect(UserID(localpart: "a:c", serverName: server) == nil)
        #expect(UserID(localpart: "", serverName: server)?.localpart == "")
    }

    /// Swift calls these strings equal; on the wire they are two users.
    @Test func comparesBytes() throws {
        let composed = try #require(UserID("@\u{e9}:b"))
        let decomposed = try #require(UserID("@e\u{301}:b"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }

    @Test func checksLocalpartsForRegistration() {
        #expect(UserID.isStrictLocalpart("a.b_c=d-e/f+0"))
        for text in ["", "A", "a b", "a:b", "é", "a@b", "a\0"] { #expect(!UserID.isStrictLocalpart(text)) }
    }
}
