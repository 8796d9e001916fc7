import Testing

@testable import MediaEndpoints

@Suite struct ContentDispositionTests {
    @Test(
        arguments: [
            (nil, "inline"), ("a file.bin", "inline; filename=\"a file.bin\""), ("a;b=c", "inline; filename=\"a;b=c\""),
            ("a\"b", "inline; filename*=UTF-8''a%22b"), ("a\\b", "inline; filename*=UTF-8''a%5Cb"),
            ("é 😀.txt", "inline; filename*=UTF-8''%C3%A9%20%F0%9F%98%80.txt"),
            ("a\r\nb", "inline; filename*=UTF-8''a%0D%0Ab"),
        ] as [(String?, String)])
    func namesAreSafeInTheHeader(_ name: String?, _ header: String) {
        #expect(ContentDisposition(.inline, name: name).header == header)
    }
}
