import Testing

/// The rules are only as good as the reader that they see the files through.
@Suite struct SwiftTextTests {
    @Test func takesCommentsAndStringsOutOfTheCode() {
        let text = SwiftText(
            ##"""
            let a = "one \(f("two)")) // no" // a comment "with" quotes
            /* outer /* inner */ still */ let b = #"raw \(no) "quoted""#
            let c = """
                SELECT "x" /* no comment */
                """
            let d = 1 / 2
            """##)
        #expect(
            text.strings.map(\.text) == [
                ##"one \(f("two)")) // no"##, ##"raw \(no) "quoted""##, "\n    SELECT \"x\" /* no comment */\n    ",
            ])
        #expect(text.comments.map(\.text) == [##"// a comment "with" quotes"##, "/* outer /* inner */ still */"])
        #expect(text.comments.map(\.line) == [1, 2])
        #expect(text.lines[1].text.contains("let b ="))
        #expect(!text.code.contains("SELECT"))
        #expect(!text.code.contains("two"))
        #expect(text.lines.last?.text == "let d = 1 / 2")
        #expect(text.lines.last?.line == 6)
    }

    @Test(arguments: ["\"", "\"\"\"", "/*", "\"\\(", "#\"", "\"\\", "//", "#", "\"\\(\""])
    func readsFilesThatEndInTheMiddle(_ text: String) {
        #expect(SwiftText(text).lines.count >= 1)
    }
}
