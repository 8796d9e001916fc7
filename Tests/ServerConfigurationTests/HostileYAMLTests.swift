import ServerConfiguration
import Testing

/// Files that are no configuration, or that were made to hurt whoever reads them.
@Suite struct HostileYAMLTests {
    @Test func refusesAnchorsAndAliases() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: {*b : *b}"
        #expect(mistakes(bomb) == ["apus.yaml:1: anchors (&name) are not supported; quote a text that starts with &"])
        #expect(
            mistakes("deny: [*.example.com]").first?
                .contains("did not find") ?? true || mistakes("deny: *x").first?.contains("aliases") == true)
        #expect(
            mistakes("x: *x") == ["apus.yaml:1: aliases (*name) are not supported; quote a text that starts with *"])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "a:\n "])
    func refusesDeepNesting(_ piece: String) {
        // Blocks nest by indentation: each line a blank further in than the one before.
        let text =
            piece.hasSuffix("\n ")
            ? (0..<500).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
            : String(repeating: piece, count: 100_000)
        #expect(mistakes(text).count == 1)
    }

    @Test(arguments: [
        "a: [", "\"", "a: b: c", "\ta: b", "%YAML 9.9\n---\na", "a: \"\\xZZ\"", "- a\nb: c", "{}: {}", "? [a]\n: b",
        "!!binary x: y",
        "a: !<tag:x> {b: 1}", "--- a\n--- b", "\u{0}", "a: \u{7}", "<<: {server_name: x}", "[a, b]", "text",
    ])
    func answersBrokenTextWithMistakes(_ text: String) {
        #expect(!mistakes(text).isEmpty)
    }

    @Test func answersBadUTF8WithAMistake() {
        let bytes = Array(minimal().utf8) + [0x0A, 0x61, 0x3A, 0x20, 0xFF, 0xFE, 0x80]
        let result = ServerConfiguration.parse(bytes, file: "f", directory: "/", environment: [:])
        #expect(throws: ConfigurationMistakes.self) { try result.get() }
    }

    /// Seeded, so that a failure can be run again: pieces of the example in any order and cut anywhere never trap.
    @Test func survivesScrambledExamples() {
        let bytes = Array(ConfigurationExample.text.utf8)
        var seed: UInt64 = 0x5EED
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<300 {
            var text = bytes
            for _ in 0..<(1 + next(8)) {
                switch next(3) {
                case 0: text[next(text.count)] = UInt8(next(256))
                case 1: text.removeSubrange(next(text.count)..<text.count)
                default:
                    text.insert(contentsOf: bytes[next(bytes.count)..<bytes.count].prefix(40), at: next(text.count + 1))
                }
                if text.isEmpty { text = bytes }
            }
            _ = ServerConfiguration.parse(text, file: "f", directory: "/", environment: [:])
        }
    }
}
