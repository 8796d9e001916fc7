import MatrixCore
import Testing

struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        String(decoding: JSONWriter.write(body), as: UTF8.self)
    }

    @Test func putsCommasWhereTheyBelong() {
        let result = text { writer in
            writer.object {
                $0.field("a", 1)
                $0.key("b")
                $0.array {
                    $0.int(1)
                    $0.object { _ in }
                    $0.array { _ in }
                    $0.string("x")
                    $0.null()
                    $0.bool(false)
                }
                $0.field("c", raw: Array("{\"spliced\":[1,2]}".utf8))
                $0.field("d", true)
                $0.object(key: "e") { $0.field("f", "g") }
                $0.array(key: "h") { $0.double(0.5) }
            }
        }
        #expect(
            result
                == #"{"a":1,"b":[1,{},[],"x",null,false],"c":{"spliced":[1,2]},"d":true,"e":{"f":"g"},"h":[0.5]}"#)
        #expect(throws: Never.self) { try JSONDocument(parsing: result) }
    }

    @Test func leavesOutWhatIsNotThere() {
        let result = text { writer in
            writer.object {
                $0.field(optional: "a", nil as String?)
                $0.field(optional: "b", "x")
                $0.field(optional: "c", nil as Int64?)
                $0.field(optional: "d", nil as JSONValue?)
                $0.field(optional: "e", UserID("@a:b"))
                $0.field(optional: "f", nil as RoomID?)
            }
        }
        #expect(result == #"{"b":"x","e":"@a:b"}"#)
    }

    @Test func escapesStringsAndKeys() throws {
        let strange = "\0\u{1}\u{1f}\u{7f}\"\\/\n\r\t\u{8}\u{c}é日😀\u{2028}"
        let bytes = JSONWriter.write { writer in writer.object { $0.field(strange, strange) } }
        let document = try JSONDocument(parsing: bytes)
        #expect(document[strange]?.string == strange)
        #expect(document.isCanonical)
    }

    @Test func neverWritesWhatIsNoNumber() {
        #expect(text { $0.double(.infinity) } == "null")
        #expect(text { $0.double(.nan) } == "null")
        #expect(text { $0.int(Int64.min) } == "-9223372036854775808")
        #expect(text { $0.double(-1.25e-9) } == "-1.25e-09")
    }
}
