import MatrixCore
import Testing

struct JSONViewTests {
    @Test func readsEachKind() throws {
        let root = try JSONDocument(
            parsing:
                #"{"s":"x","i":-42,"f":1.5,"t":true,"n":null,"a":[1,"2"],"o":{"k":"v"},"big":12345678901234567890}"#
        ).root
        #expect(root.kind == .object)
        #expect(root.count == 8)
        #expect(root["s"]?.string == "x")
        #expect(root["i"]?.int == -42)
        #expect(root["i"]?.double == -42)
        #expect(root["f"]?.double == 1.5)
        #expect(root["f"]?.int == nil)
        #expect(root["t"]?.bool == true)
        #expect(root["n"]?.isNull == true)
        #expect(root["a"]?.array?.map(\.kind) == [.integer, .string])
        #expect(root["a"]?.array?.first?.int == 1)
        #expect(root["o"]?["k"]?.stringEquals("v") == true)
        #expect(root["big"]?.kind == .float)
        #expect(root["big"]?.int == nil)
        #expect(root["big"]?.double == 12_345_678_901_234_567_168)
        #expect(root["missing"] == nil)
        #expect(root["s"]?["k"] == nil)
        #expect(root["s"]?.array == nil)
        #expect(root["s"]?.object == nil)
        #expect(root["s"]?.int == nil)
        #expect(root["i"]?.string == nil)
        #expect(root["i"]?.bool == nil)
        #expect(root.object?.map(\.key) == ["s", "i", "f", "t", "n", "a", "o", "big"])
    }

    @Test func keepsIntegersExactly() throws {
        for number in [Int64.min, .min + 1, -1, 0, 1, (1 << 53) + 1, .max - 1, .max] {
            #expect(try JSONDocument(parsing: String(number)).root.int == number)
        }
        #expect(try JSONDocument(parsing: "9223372036854775808").root.int == nil)
        #expect(try JSONDocument(parsing: "-9223372036854775809").root.int == nil)
        #expect(try JSONDocument(parsing: "-0").root.int == 0)
    }

    @Test func resolvesEscapes() throws {
        let document = try JSONDocument(parsing: #"["\u0000\b\f\n\r\t\"\\\/","\u00e9\u65E5\ud83D\uDE00","plain é日😀"]"#)
        let strings = document.root.array?.compactMap(\.string)
        #expect(strings == ["\0\u{8}\u{c}\n\r\t\"\\/", "é日😀", "plain é日😀"])
        #expect(document.root.array?.map(\.stringByteCount) == strings?.map(\.utf8.count))
    }

    @Test func comparesKeysWithoutTheirEscapes() throws {
        let document = try JSONDocument(parsing: #"{"\u0061b":1,"c\n":2,"\ud83d\ude00":3}"#)
        #expect(document["ab"]?.int == 1)
        #expect(document["c\n"]?.int == 2)
        #expect(document["😀"]?.int == 3)
        #expect(document["a"] == nil)
        #expect(document["abc"] == nil)
        #expect(document.root.object?.map(\.key) == ["ab", "c\n", "😀"])
    }

    /// A key is bytes: strings that Swift calls equal may not be.
    @Test func tellsNormalisationFormsApart() throws {
        let document = try JSONDocument(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2}")
        #expect(!document.hasDuplicateKeys)
        #expect(document["\u{e9}"]?.int == 1)
        #expect(document["e\u{301}"]?.int == 2)
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, #"{"a":2}"#), (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
        (#"{"a":1,"\u0061":2}"#, #"{"a":2}"#),
        (#"{"b":0,"a":{"x":1,"x":2},"a":{"y":1,"y":[],"y":3}}"#, #"{"a":{"y":3},"b":0}"#),
    ])
    func keepsTheLastOfEqualKeys(_ text: String, _ expected: String) throws {
        let document = try JSONDocument(parsing: text)
        #expect(document.hasDuplicateKeys)
        #expect(!document.isCanonical)
        #expect(document.root.count == document.root.object?.map(\.key).count)
        #expect(document.root.value() == (try JSONValue(parsing: expected)))
        #expect(try CanonicalJSON.encode(document.root, strict: true) == Array(expected.utf8))
        for (key, value) in try #require(document.root.object) {
            #expect(document[key]?.value() == value.value())
        }
    }

    @Test func givesTheExactBytesOfAValue() throws {
        let document = try JSONDocument(parsing: #" {"a" : [ 1, "\u0041" ] , "b":"x\n","c":-1.50,"d":{ },"e":true} "#)
        func raw(_ key: String) -> String? { document[key].map { String(decoding: $0.rawBytes, as: UTF8.self) } }
        #expect(raw("a") == #"[ 1, "\u0041" ]"#)
        #expect(raw("b") == #""x\n""#)
        #expect(raw("c") == "-1.50")
        #expect(raw("d") == "{ }")
        #expect(raw("e") == "true")
        #expect(Array(document.root.rawBytes) == Array(document.bytes.dropFirst().dropLast()))
    }

    @Test func valueAgreesWithTheLiteral() throws {
        let value: JSONValue = ["a": [1, -2, 2.5, "x", true, nil], "b": ["c": [:], "d": []]]
        #expect(try JSONValue(parsing: #"{"a":[1,-2,2.5,"x",true,null],"b":{"c":{},"d":[]}}"#) == value)
        #expect(value["b"]?["c"]?.object?.isEmpty == true)
        #expect(value["a"]?.array?.count == 6)
        #expect(value["a"]?["x"] == nil)
    }

    @Test func editsValues() {
        var value: JSONValue = ["a": 1, "b": 2]
        value["a"] = nil
        value["c"] = "x"
        #expect(value == ["b": 2, "c": "x"])
        value = 5
        value["d"] = true
        #expect(value == ["d": true])
    }
}
