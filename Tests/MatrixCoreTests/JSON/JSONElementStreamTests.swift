import MatrixCore
import Testing

@Suite struct JSONElementStreamTests {
    private struct Taken: Equatable {
        var elements: [[String]] = [[], []]
        var rest = ""
    }

    private func take(_ text: String, by size: Int, element: Int = 1_000, rest: Int = 1_000) throws -> Taken {
        var stream = JSONElementStream(
            elementsOf: ["state", "chain"], maximumElementBytes: element, maximumRestBytes: rest)
        var taken = Taken()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            for element in try stream.read(piece.span) {
                taken.elements[element.array].append(String(decoding: element.bytes, as: UTF8.self))
            }
        }
        taken.rest = String(decoding: try stream.finish().bytes, as: UTF8.self)
        return taken
    }

    @Test func takesElementsOutWhereverThePiecesEnd() throws {
        let text = """
            {"a":{"state":[1,2]},"state":[{"x":"],[\\"","y":[[],{}]}, "te\\\\xt" ,-1.5e3],"b":"state","é":["]"],\
            "chain" : [ {"k":[1,2,{"z":null}]} ] , "last":[{"chain":[3]}]}
            """
        let expected = Taken(
            elements: [[#"{"x":"],[\"","y":[[],{}]}"#, #" "te\\xt" "#, "-1.5e3"], [#" {"k":[1,2,{"z":null}]} "#]],
            rest: #"{"a":{"state":[1,2]},"state":[],"b":"state","é":["]"],"chain" : [] , "last":[{"chain":[3]}]}"#)
        for size in 1...text.utf8.count { #expect(try take(text, by: size) == expected, "pieces of \(size)") }
    }

    @Test(arguments: ["{}", #"{"state":[]}"#, #"{"state":[  ],"chain":[]}"#, #"{"state":3,"chain":{"state":[1]}}"#])
    func takesNothingWhereNothingIs(text: String) throws {
        for size in 1...text.utf8.count {
            #expect(try take(text, by: size).elements == [[], []])
        }
    }

    @Test(arguments: [
        "", "[]", "{", #"{"state":["#, #"{"state":[1"#, #"{"state":[1]"#, #"{"state":[1,]}"#, #"{"state":[,1]}"#,
        #"{"state":[,]}"#, #"{"state":[1}]}"#, #"{"state":[1]}}"#, #"{"state":[1]}x"#, #"{"state":[1],"state":[2]}"#,
        #"{"st\u0061te":[1]}"#, "{\"state\":[\"\u{1}\"]}", #"{"state":[1] "chain":[]}"#, #"{"state" [1]}"#,
    ])
    func refusesWhatIsNoObject(text: String) {
        for size in 1...max(text.utf8.count, 1) {
            #expect(throws: JSONError.self, "pieces of \(size)") { try take(text, by: size) }
        }
    }

    @Test func keepsToItsBounds() throws {
        let text = #"{"rest":"0123456789","state":["0123456789"]}"#
        for size in [1, 7, 100] {
            #expect(throws: JSONError.self) { try take(text, by: size, element: 11) }
            #expect(throws: JSONError.self) { try take(text, by: size, rest: 31) }
            #expect(try take(text, by: size, element: 12, rest: 32).elements[0] == [#""0123456789""#])
        }
    }

    /// Whatever comes: the same elements as the parser finds, or an error.
    @Test(arguments: UInt64(1)...4)
    func agreesWithTheParser(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let base = Array(#"{"a":"x","state":[{"k":"v\"]"},[1,2],"s"],"chain":[{"é":[]}],"z":[1]}"#.utf8)
        let alphabet = Array(#"{}[],:"\ a1"#.utf8)
        var agreed = 0
        for _ in 0..<3_000 {
            var bytes = base
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let taken = try? take(text, by: Int.random(in: 1...20, using: &generator)) else { continue }
            let elements = taken.elements.map { $0.compactMap { try? JSONValue(parsing: $0) } }
            // One bad element does not spoil the others; then there is nothing to compare with.
            guard elements.map(\.count) == taken.elements.map(\.count) else { continue }
            let whole = try JSONDocument(parsing: text)
            if whole.hasDuplicateKeys { continue }
            for (name, found) in zip(["state", "chain"], elements) where whole[name]?.isArray == true {
                #expect(whole[name]?.value() == .array(found), "\(text)")
            }
            agreed += 1
        }
        #expect(agreed > 500)
    }
}
