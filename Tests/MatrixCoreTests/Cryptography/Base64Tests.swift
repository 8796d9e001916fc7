import MatrixCore
import Testing

struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func givesTheSpecificationsExamples(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func readsEitherAlphabetWithOrWithoutPadding() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xFE, 0xFA]
        #expect(Base64.encode(bytes) == "+//++g")
        #expect(Base64.encodeURLSafe(bytes) == "-__--g")
        for text in ["+//++g", "-__--g", "+//++g==", "-__--g=="] { #expect(Base64.decode(text) == bytes) }
        #expect(Base64.decode("Zm8=") == Array("fo".utf8))
        // As Python reads it, which most servers are written in.
        #expect(Base64.decode("Zg=") == Array("f".utf8))
    }

    @Test(arguments: ["A", "AAAAA", "A===", "AA=A", "A A", "AAA\n", "é", "AA.A", "====", "=", "AAA==", "AAAA="])
    func refusesWhatIsNoBase64(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test func roundTrips() {
        var random = SplitMix64(seed: 1)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decode(Base64.encodeURLSafe(bytes)) == bytes)
        }
    }
}
