import MatrixCore
import Testing

struct GlobTests {
    @Test(arguments: [
        ("lunc?*", "Lunch plans"), ("lunc?*", "LUNCH"), ("", ""), ("*", ""), ("*", "anything"), ("**", "x"),
        ("a*", "a"),
        ("*a", "a"), ("*a*", "bab"), ("a*b*c", "abc"), ("a*b*c", "aXbYc"), ("a*b*c", "abbcc"), ("?", "é"), ("?", "😀"),
        ("??", "ab"),
        ("*.example.com", "a.b.EXAMPLE.com"), ("a?c", "abc"), ("*?*", "x"), ("É*", "été"), ("*ab", "aab"),
        ("*abab", "ababab"),
        ("a**b", "ab"), ("?*?", "ab"), ("[a-z]", "[A-Z]"), (".", "."), ("*a?c*", "xxabcabcx"),
    ])
    func matchesWholeTexts(_ pattern: String, _ text: String) throws {
        #expect(try #require(Glob(pattern)).matches(text))
    }

    @Test(arguments: [
        ("lunc?*", " lunch"), ("lunc?*", "lunc"), ("", "a"), ("a", ""), ("a", "ab"), ("a", "ba"), ("?", ""),
        ("?", "ab"),
        ("a*b", "acbx"), ("a*a", "a"), ("ab*ba", "aba"), ("*a", "ab"), ("a*", "ba"), ("a*b*c", "acb"), ("?*?", "a"),
        (".", "x"),
        ("*ab*ab*", "xab"), ("a?c", "ac"),
    ])
    func refusesOtherTexts(_ pattern: String, _ text: String) throws {
        #expect(try !#require(Glob(pattern)).matches(text))
    }

    @Test(arguments: [
        ("ex*ple", "An example event."), ("ex*ple", "exple"), ("ex*ple", "An exciting triple-whammy"),
        ("alice", "alice"),
        ("alice", "hi ALICE!"), ("alice", "(alice)"), ("alice", "malice alice"), ("alice", "日alice本"),
        ("@room", "hey @room"),
        ("@room", "@room"), ("-bar", "foo-bar"), ("*", ""), ("*", "x"), ("foo*", "a foo"), ("*foo", "foobar foo"),
        ("a?c", "x abc y"), ("a b", "a b"), ("a*d", "ab cd e"), ("", ""), ("cake*lie", "the cake is a lie"),
        ("ab*cd", "abx abcd"),
    ])
    func matchesWords(_ pattern: String, _ text: String) throws {
        #expect(try #require(Glob(pattern, extent: .words)).matches(text))
    }

    @Test(arguments: [
        ("alice", "malice"), ("alice", "alices"), ("alice", "alice_"), ("alice", "_alice"), ("alice", "alice1"),
        ("alice", ""),
        ("ex*ple", "An exampled"), ("foo*bar", "xfoobarx xfoobar"), ("a?c", "xabc"), ("room", "rooms"),
        ("alice", "alic"),
    ])
    func refusesPartsOfWords(_ pattern: String, _ text: String) throws {
        #expect(try !#require(Glob(pattern, extent: .words)).matches(text))
    }

    @Test func literalsHaveNoWildcards() throws {
        let glob = try #require(Glob(literal: "a*?", extent: .words))
        #expect(glob.matches("x A*? y"))
        #expect(!glob.matches("x abc y"))
    }

    @Test func longPiecesAreFound() throws {
        let piece = String(repeating: "abcdefghij", count: 20)
        #expect(try #require(Glob("*\(piece)*")).matches("xx\(piece)yy"))
        #expect(try !#require(Glob("*\(piece)*")).matches("xx\(piece.dropLast())yy"))
        #expect(try #require(Glob(piece, extent: .words)).matches("abc \(piece) abc"))
        #expect(
            try #require(Glob("*\(String(repeating: "?", count: 130))*")).matches(String(repeating: "é", count: 130)))
        #expect(
            try !#require(Glob("*\(String(repeating: "?", count: 130))*")).matches(String(repeating: "é", count: 129)))
    }

    @Test func manyDifferentCharactersAreFound() throws {
        let piece = String(String.UnicodeScalarView((0..<600).compactMap { Unicode.Scalar(0x4E00 + $0) })) + "ab?c"
        let glob = try #require(Glob("*\(piece)*"))
        #expect(glob.matches("xx\(piece)yy"))
        #expect(!glob.matches("xx\(piece.dropLast(4))ba?c"))
    }

    @Test func boundsPatterns() {
        #expect(Glob(String(repeating: "a", count: Glob.longestPattern)) != nil)
        #expect(Glob(String(repeating: "a", count: Glob.longestPattern + 1)) == nil)
        #expect(Glob(String(repeating: "*", count: 4000)) != nil)
        #expect(Glob(String(repeating: "a", count: 100_000)) == nil)
    }

    /// Against a matcher that is too simple to be wrong.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func agreesWithASimpleMatcher(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let pattern = String((0..<random.next(below: 7)).map { _ in Array("aab*?- ")[random.next(below: 7)] })
            let text = String((0..<random.next(below: 10)).map { _ in Array("aab- ")[random.next(below: 5)] })
            let (p, t) = (Array(pattern), Array(text))
            #expect(try #require(Glob(pattern)).matches(text) == simple(p[...], t[...]), "\(pattern) \(text)")
            let words = (0...t.count).contains { start in
                (start...t.count).contains { end in
                    isBoundary(t, start) && isBoundary(t, end) && simple(p[...], t[start..<end])
                }
            }
            #expect(try #require(Glob(pattern, extent: .words)).matches(text) == words, "words \(pattern) \(text)")
        }
    }

    private func simple(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return (text.startIndex...text.endIndex).contains { simple(pattern.dropFirst(), text[$0...]) }
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return simple(pattern.dropFirst(), text.dropFirst())
    }

    private func isBoundary(_ text: [Character], _ position: Int) -> Bool {
        position == 0 || position == text.count || !text[position - 1].isLetter || !text[position].isLetter
    }

    /// ATTACKS 13 (CVE-2021-29471): patterns that take a backtracking matcher longer than anybody lives.
    @Test func doesNotBlowUp() throws {
        let patterns = [
            String(repeating: "*a", count: 100) + "*b", String(repeating: "a*", count: 100) + "b",
            String(repeating: "a", count: 200) + "b", String(repeating: "?a", count: 100) + "*b",
        ]
        for pattern in patterns {
            for extent in [Glob.Extent.wholeText, .words] {
                let glob = try #require(Glob(pattern, extent: extent))
                let ratio = try CostGrowth.ratio({ String(repeating: "a", count: $0) }, size: 1000) { text in
                    #expect(!glob.matches(text))
                }
                #expect(ratio < CostGrowth.allowed)
            }
        }
    }
}
