import MatrixCore
import Testing

struct JSONParserTests {
    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "1.5", "-1.5e10", "1E+2", "1e-2", "0.0", "9223372036854775807",
        "-9223372036854775808",
        "123456789012345678901234567890", "true", "false", "null", "\"\"", "\"a\"", "[]", "{}", "[1]", "[1,2]",
        "{\"a\":1}", "[[],{}]", " \t\r\n[ 1 , 2 ]\n", "{ \"a\" : { } }", #""\u0000\u001f\"\\\/\b\f\n\r\t""#,
        #""\ud83d\ude00""#, "\"\u{7f}é日😀\"", "\"0123456789abcdef0123456789\"",
    ])
    func acceptsTheGrammar(_ text: String) throws {
        let document = try JSONDocument(parsing: text)
        #expect(document.bytes == Array(text.utf8))
    }

    @Test(arguments: [
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
        "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{,}", "[}", "{]", "[1}", "{\"a\":1]", "1 2",
        "[] []", "tru", "True", "nul", "nulll", "falsey", "NaN", "Infinity", "-", "+1", "01", "-01", "00", ".5", "1.",
        "1.e1",
        "1e", "1e+", "1.5e-", "0x10", "1_000", "--1", "\"", "\"a", "\"\\", "\"\\\"", "\"\\u12\"", "\"\\u12g4\"",
        "\"\\x41\"",
        "\"\\'\"", "'a'", "\"\n\"", "\"\u{1}\"", "\u{feff}{}", "1e400", "-1e400", "/**/1", "[1]//", "\u{a0}1",
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ude00\ud83d""#,
        #"{"\udfff":1}"#,
    ])
    func refusesLoneSurrogates(_ text: String) {
        #expect { try JSONDocument(parsing: text) } throws: { error in
            guard case .loneSurrogate? = error as? JSONError else { return false }
            return true
        }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x80], [0x22, 0xC3],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        #expect { try JSONDocument(parsing: bytes) } throws: { error in
            guard case .notUTF8? = error as? JSONError else { return false }
            return true
        }
    }

    @Test func saysWhereTheMistakeIs() {
        #expect(throws: JSONError.unexpectedByte(offset: 6)) { try JSONDocument(parsing: "{\"a\": x}") }
        #expect(throws: JSONError.trailingBytes(offset: 3)) { try JSONDocument(parsing: "{} x") }
        #expect(throws: JSONError.controlCharacter(offset: 2)) { try JSONDocument(parsing: "\"a\n\"") }
        #expect(throws: JSONError.notUTF8(offset: 2)) { try JSONDocument(parsing: [0x22, 0x61, 0xFF, 0x22]) }
        #expect(throws: JSONError.unexpectedEnd(offset: 4)) { try JSONDocument(parsing: "[[1]") }
    }

    @Test func boundsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        let limits = JSONLimits(maxDepth: 5)
        #expect(try JSONDocument(parsing: nested(5), limits: limits).root.isArray)
        #expect(throws: JSONError.tooDeep(offset: 5)) { try JSONDocument(parsing: nested(6), limits: limits) }
        // However high the limit is set, it does not go beyond what a stack bears: also of the code that walks the value.
        for limits in [JSONLimits.default, JSONLimits(maxDepth: .max)] {
            let document = try JSONDocument(parsing: "[ \(nested(511))]", limits: limits)
            #expect(document.root.value().canonicalBytes == Array(nested(512).utf8))
            #expect(try CanonicalJSON.encode(document.root, strict: true) == Array(nested(512).utf8))
            try CanonicalJSON.check(document.root)
            #expect(throws: JSONError.tooDeep(offset: 512)) {
                try JSONDocument(parsing: nested(1_000_000), limits: limits)
            }
        }
    }

    @Test func boundsSizeAndNumbers() {
        #expect(throws: JSONError.tooLarge(byteCount: 4)) {
            try JSONDocument(parsing: "1234", limits: JSONLimits(maxBytes: 3))
        }
        let digits = String(repeating: "1", count: 1025)
        #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try JSONDocument(parsing: "0.\(digits)") }
        #expect(throws: JSONError.numberOutOfRange(offset: 1)) { try JSONDocument(parsing: "[\(digits)e5]") }
    }

    @Test(arguments: [
        "{}", "[]", "{\"a\":1,\"b\":[true,null]}", "{\"日\":1,\"本\":2}", #""\u0000\n\"""#, "9007199254740991",
        "-9007199254740991",
        "{\"a\":1,\"aa\":2,\"b\":3}", #"{"\n":1,"a":2}"#,
    ])
    func noticesCanonicalInput(_ text: String) throws {
        #expect(try JSONDocument(parsing: text).isCanonical)
    }

    @Test(arguments: [
        "{ }", "[1, 2]", " 1", "1 ", "{\"b\":1,\"a\":2}", "{\"a\":1,\"a\":2}", "{\"aa\":1,\"a\":2}", #""\/""#,
        #""\u0041""#,
        #""\u000A""#, #""\u001F""#, #""\u007f""#, #""\u00e9""#, #""\ud83d\ude00""#, "1.0", "1e2", "-0",
        "9007199254740992",
        "-9007199254740992", "12345678901234567890", #"{"a":1,"\n":2}"#,
    ])
    func noticesWhatIsNotCanonical(_ text: String) throws {
        #expect(try !JSONDocument(parsing: text).isCanonical)
    }
}
