import MatrixCore
import Testing

/// Numbers of events in room versions 1 to 5, which were hashed as Python writes them.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#canonical-json
@Suite struct LenientNumberTests {
    @Test func writesNumbersAsOthersDo() throws {
        let root = try Vectors.read("lenient-numbers.json").root
        for entry in try #require(root.array) {
            let pair = entry.array?.compactMap { $0.string } ?? []
            try #require(pair.count == 2)
            let view = try JSONDocument(parsing: pair[0]).root
            let written = String(decoding: try CanonicalJSON.encode(view, strict: false), as: UTF8.self)
            #expect(written == pair[1], "\(pair[0].prefix(60))")
            // What was written is written again as it is.
            let again = try CanonicalJSON.encode(JSONDocument(parsing: written).root, strict: false)
            #expect(again == Array(written.utf8), "\(pair[0].prefix(60))")
        }
    }

    @Test func integersBeyondAllDoublesAreKeptAsTheyStand() throws {
        for digits in [String(repeating: "9", count: 400), "-" + String(repeating: "9", count: 4_299)] {
            let view = try JSONDocument(parsing: digits).root
            #expect(try CanonicalJSON.encode(view, strict: false) == Array(digits.utf8))
            #expect(view.double == nil && view.int == nil && view.kind == .float)
            #expect(view.value().double?.magnitude == Double.greatestFiniteMagnitude)
            #expect(view.value().double?.sign == (digits.hasPrefix("-") ? .minus : .plus))
            #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try CanonicalJSON.encode(view, strict: true) }
        }
        #expect(throws: JSONError.numberOutOfRange(offset: 0)) {
            try JSONDocument(parsing: String(repeating: "9", count: 4_301))
        }
        #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try JSONDocument(parsing: "1e400") }
    }
}
