import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
struct PropertyPathTests {
    @Test(arguments: [
        ("type", ["type"]), ("content.body", ["content", "body"]),
        (#"content.m\.relates_to"#, ["content", "m.relates_to"]),
        (#"content.m\\foo"#, ["content", #"m\foo"#]), (#"a\x.b"#, [#"a\x"#, "b"]), (#"a\"#, [#"a\"#]), ("", [""]),
        (".", ["", ""]),
        (#"a\\.b"#, [#"a\"#, "b"]), (#"a\\\.b"#, [#"a\.b"#]),
    ])
    func splitsPaths(_ text: String, _ names: [String]) { #expect(PropertyPath(text).names == names) }

    @Test func findsProperties() throws {
        let event = try JSONDocument(parsing: #"{"content":{"m.federate":true,"a":{"":{"b":1}}},"x.y":2}"#).root
        var steps = 0
        func value(_ path: String) -> JSONView? { PropertyPath(path).value(in: event, steps: &steps) }
        #expect(value(#"content.m\.federate"#)?.bool == true)
        #expect(value("content.m.federate") == nil)
        #expect(value("content.a..b")?.int == 1)
        #expect(value(#"x\.y"#)?.int == 2)
        #expect(value("content.a.b") == nil)
        #expect(value("content.m\\.federate.x") == nil)
        steps = 0
        _ = value("content.a.x")
        #expect(steps == 2 + 2 + 1)
    }
}
