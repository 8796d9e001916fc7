import MatrixCore
import Media
import Testing

@Suite struct MediaTypeTests {
    @Test(arguments: [
        ("image/png", "image/png"), ("text/plain; charset=utf-8", "text/plain"), ("Image/PNG ;a=b", "image/png"),
        ("application/vnd.a+json", "application/vnd.a+json"),
    ])
    func keepsWhatHasTheForm(_ header: String, _ essence: String) {
        #expect(MediaType(header).description == header)
        #expect(MediaType(header).essence == essence)
    }

    @Test(arguments: [
        nil, "", "image", "image/", "/png", "image/png, text/html", "image/p ng", "a/b\r\nX: y", "a/\u{e9}",
        "a/" + String(repeating: "b", count: 300), "text/html/x",
    ])
    func takesTheRestForBytes(_ header: String?) {
        #expect(MediaType(header).description == "application/octet-stream")
    }

    @Test func showsOnlyTheHarmless() {
        for type in ["image/png", "IMAGE/PNG", "text/plain;charset=utf-8", "video/mp4", "audio/ogg"] {
            #expect(MediaType(type).mayBeShownInline, "\(type)")
        }
        for type in ["text/html", "image/svg+xml", "application/pdf", "application/javascript", "text/xml"] {
            #expect(!MediaType(type).mayBeShownInline, "\(type)")
        }
    }

    @Test func namesLoseControlCharactersOnly() throws {
        #expect(try FileName("a \"b\"/../é😀.txt")?.description == "a \"b\"/../é😀.txt")
        #expect(try FileName("a\r\nb\u{0}c\u{9f}")?.description == "abc")
        #expect(try FileName("\n") == nil)
        #expect(throws: MatrixError.self) { try FileName(String(repeating: "é", count: 600)) }
    }
}
