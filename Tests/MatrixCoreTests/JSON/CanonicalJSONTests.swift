import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/appendices/#examples
struct CanonicalJSONTests {
    @Test(arguments: [
        ("{}", "{}"),
        ("{\n    \"one\": 1,\n    \"two\": \"Two\"\n}", #"{"one":1,"two":"Two"}"#),
        ("{\n    \"b\": \"2\",\n    \"a\": \"1\"\n}", #"{"a":"1","b":"2"}"#),
        (#"{"b":"2","a":"1"}"#, #"{"a":"1","b":"2"}"#),
        (
            """
            {
                "auth": {
                    "success": true,
                    "mxid": "@john.doe:example.com",
                    "profile": {
                        "display_name": "John Doe",
                        "three_pids": [
                            {
                                "medium": "email",
                                "address": "john.doe@example.org"
                            },
                            {
                                "medium": "msisdn",
                                "address": "123456789"
                            }
                        ]
                    }
                }
            }
            """,
            #"{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":["#
                + #"{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"#
                + #""success":true}}"#
        ),
        ("{\n    \"a\": \"日本語\"\n}", "{\"a\":\"日本語\"}"),
        ("{\n    \"本\": 2,\n    \"日\": 1\n}", "{\"日\":1,\"本\":2}"),
        (#"{ "a": "\u65E5" }"#, "{\"a\":\"日\"}"),
        ("{ \"a\": null }", "{\"a\":null}"),
        ("{ \"a\": -0, \"b\": 1e10 }", "{\"a\":0,\"b\":10000000000}"),
    ])
    func givesTheSpecificationsExamples(_ text: String, _ expected: String) throws {
        let view = try JSONDocument(parsing: text).root
        #expect(String(decoding: try CanonicalJSON.encode(view, strict: false), as: UTF8.self) == expected)
        #expect(String(decoding: view.value().canonicalBytes, as: UTF8.self) == expected)
    }

    @Test func escapesOnlyWhatMustBe() throws {
        let view = try JSONDocument(parsing: #"["\u0000\u0007\b\t\n\u000b\f\r\u001f \"\\\/\u007f\u2028\ud83d\ude00"]"#)
            .root
        let expected = #"["\u0000\u0007\b\t\n\u000b\f\r\u001f \"\\/"# + "\u{7f}\u{2028}😀\"]"
        #expect(String(decoding: try CanonicalJSON.encode(view, strict: true), as: UTF8.self) == expected)
        #expect(String(decoding: view.value().canonicalBytes, as: UTF8.self) == expected)
    }

    /// UTF-16 order, which some languages sort by, puts U+1F600 before U+FF5E.
    @Test func sortsByCodePoint() throws {
        let view = try JSONDocument(parsing: "{\"😀\":1,\"～\":2,\"z\":3,\"\":4,\"Z\":5,\"zz\":6}").root
        #expect(
            String(decoding: try CanonicalJSON.encode(view, strict: true), as: UTF8.self)
                == "{\"\":4,\"Z\":5,\"z\":3,\"zz\":6,\"～\":2,\"😀\":1}")
    }

    @Test(arguments: [
        "1.0", "1.5", "1e2", "1E2", "-0", "9007199254740992", "-9007199254740992", "12345678901234567890",
        "[[{\"a\":[1.5]}]]",
    ])
    func strictRefusesOtherNumbers(_ text: String) throws {
        let view = try JSONDocument(parsing: text).root
        #expect(throws: JSONError.self) { try CanonicalJSON.encode(view, strict: true) }
        #expect(throws: JSONError.self) { try CanonicalJSON.check(view) }
    }

    @Test func strictKeepsTheLargestNumbers() throws {
        let view = try JSONDocument(parsing: "[ 9007199254740991, -9007199254740991 ]").root
        #expect(try CanonicalJSON.encode(view, strict: true) == Array("[9007199254740991,-9007199254740991]".utf8))
        try CanonicalJSON.check(view)
        #expect(throws: JSONError.numberOutOfRange(offset: 0)) {
            try CanonicalJSON.encode(JSONValue.integer(1 << 53), strict: true)
        }
        #expect(throws: JSONError.notAnInteger(offset: 0)) { try CanonicalJSON.encode(["a": [1.0]], strict: true) }
    }

    /// As Python writes them, which is what servers hashed in room versions 1 to 5.
    @Test(arguments: [
        ("1.5", "1.5"), ("1.0", "1.0"), ("100.0", "100.0"), ("0.1", "0.1"), ("1.50", "1.5"), ("1234.5", "1234.5"),
        ("0.0001", "0.0001"), ("0.00001", "1e-05"), ("-2.5e-7", "-2.5e-07"), ("1e15", "1000000000000000"),
        ("1e16", "1e+16"),
        ("123456789012345680.0", "1.2345678901234568e+17"), ("12345678901234567.0", "1.2345678901234568e+16"),
        ("9007199254740993.0", "9007199254740992.0"), ("1e22", "1e+22"), ("5e-324", "5e-324"), ("-0.0", "-0.0"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"), ("12345678901234567890", "12345678901234567890"),
        ("9223372036854775807", "9223372036854775807"),
    ])
    func writesOtherNumbersLikePython(_ text: String, _ expected: String) throws {
        let view = try JSONDocument(parsing: "[\(text)]").root
        #expect(String(decoding: try CanonicalJSON.encode(view, strict: false), as: UTF8.self) == "[\(expected)]")
    }

    @Test(arguments: [
        #"{"a":1,"b":2,"c":{"a":3}}"#, #"{"c": {"a":3}, "b":2, "a":1}"#, #"{"\u0061":1,"b":2,"c":{"a":3},"a":9}"#,
    ])
    func leavesOutMembersOfTheOutermostObjectOnly(_ text: String) throws {
        let view = try JSONDocument(parsing: text).root
        #expect(
            try CanonicalJSON.encode(view, strict: true, without: ["a", "b", "x"]) == Array(#"{"c":{"a":3}}"#.utf8))
        #expect(
            try CanonicalJSON.encode(view.value(), strict: true, without: ["a", "b"]) == Array(#"{"c":{"a":3}}"#.utf8))
    }

    @Test func encodesAPartOfADocument() throws {
        for text in [#"{"a":{"x":1,"y":"\n"}}"#, #"{"a": {"y":"\n","x":1}}"#] {
            let view = try #require(try JSONDocument(parsing: text)["a"])
            #expect(try CanonicalJSON.encode(view, strict: true) == Array(#"{"x":1,"y":"\n"}"#.utf8))
        }
    }

    /// The check looks at what the encoding looks at, which is what other parsers keep.
    @Test func aNumberUnderAKeyThatComesAgainDoesNotCount() throws {
        let document = try JSONDocument(parsing: #"{"a":[1.5,{"b":0.5}],"a":1}"#)
        try CanonicalJSON.check(document.root)
        #expect(try CanonicalJSON.encode(document.root, strict: true) == Array(#"{"a":1}"#.utf8))
    }
}
