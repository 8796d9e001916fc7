import MatrixCore
import Testing

struct RoomAndEventIDTests {
    private let hash = "31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"

    @Test func acceptsBothFormsOfRoomIDs() throws {
        let old = try #require(RoomID("!abc:example.com:80"))
        #expect(old.serverName?.description == "example.com:80")
        #expect(old.localpart == "abc")
        #expect(old.createEventID == nil)
        let new = try #require(RoomID("!\(hash)"))
        #expect(new.serverName == nil)
        #expect(!new.hasDomain)
        let create = try #require(EventID("$\(hash)"))
        #expect(new.createEventID == create)
        #expect(RoomID(createEvent: create) == new)
        #expect(RoomID(createEvent: try #require(EventID("$a:b"))) == nil)
        #expect(RoomID("!:b") != nil)
        #expect(RoomID("!a é\n:b") != nil)
    }

    @Test(arguments: [
        "", "!", "!abc", "abc:d", "#a:b", "!a\0:b", "!a:", "!a:b c", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogL",
        "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLMM", "!31hneApxJ+1o/63DmFrpeqnkFfWppnzWso1JvH3ogLM",
        "$31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
    ])
    func refusesWhatIsNoRoomID(_ text: String) { #expect(RoomID(text) == nil) }

    @Test func acceptsAllFormsOfEventIDs() throws {
        let first = try #require(EventID("$abc:example.com"))
        #expect(first.hasDomain && !first.isHash)
        #expect(first.serverName?.description == "example.com")
        let standard = try #require(EventID("$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk"))
        #expect(standard.isHash && !standard.isURLSafeHash)
        let urlSafe = try #require(EventID("$\(hash)"))
        #expect(urlSafe.isHash && urlSafe.isURLSafeHash)
        #expect(urlSafe.opaque == hash)
        #expect(EventID("$short")?.isHash == false)
    }

    @Test(arguments: ["", "$", "abc", "!a:b", "$a b", "$é", "$a\0:b", "$a:", "$a=", "$a.b"])
    func refusesWhatIsNoEventID(_ text: String) { #expect(EventID(text) == nil) }

    @Test func makesEventIDsOfHashes() {
        let bytes = [UInt8](repeating: 0xFB, count: 32)
        #expect(EventID(referenceHash: bytes, urlSafe: true)?.isURLSafeHash == true)
        #expect(EventID(referenceHash: bytes, urlSafe: false)?.isURLSafeHash == false)
        #expect(EventID(referenceHash: Array(bytes.dropLast()), urlSafe: true) == nil)
    }

    @Test func boundsTheLength() {
        for sigil in ["!", "$", "#"] {
            let longest = sigil + String(repeating: "a", count: 252) + ":b"
            #expect((RoomID(longest) != nil) == (sigil == "!"))
            #expect((EventID(longest) != nil) == (sigil == "$"))
            #expect((RoomAlias(longest) != nil) == (sigil == "#"))
            #expect(RoomID("\(longest)c") == nil && EventID("\(longest)c") == nil && RoomAlias("\(longest)c") == nil)
        }
        #expect(EventID("$" + String(repeating: "a", count: 254)) != nil)
        #expect(EventID("$" + String(repeating: "a", count: 255)) == nil)
    }

    @Test func aliasesHaveParts() throws {
        let alias = try #require(RoomAlias("#a room é:example.com"))
        #expect(alias.localpart == "a room é")
        #expect(alias.serverName.description == "example.com")
        #expect(RoomAlias(localpart: "x", serverName: alias.serverName)?.description == "#x:example.com")
        #expect(RoomAlias(localpart: "x:y", serverName: alias.serverName) == nil)
        for text in ["#a", "a:b", "#a\0:b", "@a:b", "#a:b_c"] { #expect(RoomAlias(text) == nil) }
    }
}
