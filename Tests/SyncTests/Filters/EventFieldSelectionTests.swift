import MatrixCore
import Sync
import Testing

struct EventFieldSelectionTests {
    private func select(_ paths: [String], _ event: String) throws -> JSONValue {
        try JSONValue(parsing: EventFieldSelection(paths).apply(to: Array(event.utf8)))
    }

    @Test func keepsWhatIsNamed() throws {
        let event = #"{"type":"t","content":{"body":"b","a.b":1,"c\\d":2,"deep":{"x":1,"y":2}},"sender":"s"}"#
        #expect(try select(["type"], event) == ["type": "t"])
        #expect(try select(["content"], event)["content"]?["body"] == "b")
        #expect(try select(["content.body", "sender"], event) == ["content": ["body": "b"], "sender": "s"])
        #expect(try select([#"content.a\.b"#], event) == ["content": ["a.b": 1]])
        #expect(try select([#"content.c\\d"#], event) == ["content": [#"c\d"#: 2]])
        #expect(try select(["content.deep.x"], event) == ["content": ["deep": ["x": 1]]])
        #expect(try select(["content.body.no", "nothing", ""], event) == ["content": [:]])
        #expect(try select([], event) == [:])
    }

    @Test func isNotDrivenDeep() throws {
        let path = Array(repeating: "a", count: 10_000).joined(separator: ".")
        #expect(try select([path, "a"], #"{"a":1}"#) == ["a": 1])
    }
}
