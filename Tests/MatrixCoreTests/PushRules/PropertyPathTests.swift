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
        #expect(PropertyPath(#"content.m\.federate"#).value(in: event)?.bool == true)
        #expect(PropertyPath("content.m.federate").value(in: event) == nil)
        #expect(PropertyPath("content.a..b").value(in: event)?.int == 1)
        #expect(PropertyPath(#"x\.y"#).value(in: event)?.int == 2)
        #expect(PropertyPath("content.a.b").value(in: event) == nil)
        #expect(PropertyPath("content.m\\.federate.x").value(in: event) == nil)
    }
}
