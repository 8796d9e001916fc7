import Testing

@Suite struct SizeTests {
    static let longestFile = 500
    static let longestFunction = 70

    @Test func filesAreShort() throws {
        var found: [String] = []
        for file in try SourceTree.sources.get() + SourceTree.tests.get() {
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            if lines > Self.longestFile { found.append("\(file.path) has \(lines) lines") }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func functionsAreShort() throws {
        var found: [String] = []
        for file in try SourceTree.sources.get() {
            for (line, length) in functions(file.swift) where length >= Self.longestFunction {
                found.append("\(file.path):\(line): a function of \(length) lines")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func measuresFunctions() {
        let text = """
            protocol P { func none() -> Int }
            func f(_ g: () -> Void = {}) {
                if true {
                }
            }
            struct S { init?(a: Int) { self.a = a } }
            """
        #expect(functions(SwiftText(text)).map(\.line) == [2, 6])
        #expect(functions(SwiftText(text)).map(\.length) == [4, 1])
    }

    /// Where the functions of a file begin, and how many lines they have from their first to their last.
    private func functions(_ text: SwiftText) -> [(line: Int, length: Int)] {
        let code = Array(text.code.utf8)
        var found: [(line: Int, length: Int)] = []
        var line = 1
        for at in code.indices {
            if code[at] == UInt8(ascii: "\n") { line += 1 }
            guard startsFunction(code, at), let open = body(code, from: at) else { continue }
            let upToBody = code[at..<open].count { $0 == UInt8(ascii: "\n") }
            found.append((line, 1 + upToBody + linesOfBlock(code, from: open)))
        }
        return found
    }

    private func startsFunction(_ code: [UInt8], _ at: Int) -> Bool {
        let isWordStart = at == 0 || !SwiftText.isWord(code[at - 1]) && code[at - 1] != UInt8(ascii: ".")
        guard isWordStart else { return false }
        let rest = code[at...]
        return rest.starts(with: "func ".utf8) || rest.starts(with: "init(".utf8) || rest.starts(with: "init?(".utf8)
            || rest.starts(with: "init<".utf8)
    }

    /// The bracket that opens the body of the function that starts at `at`; `nil` for a requirement or a call.
    private func body(_ code: [UInt8], from at: Int) -> Int? {
        var depth = 0
        for index in at..<code.count {
            switch code[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return nil }
            case UInt8(ascii: "{") where depth == 0: return index
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "\n") where depth == 0 && index > at:
                // A signature may be broken before its arrow or its clauses, and nowhere else outside of brackets.
                let next = code[(index + 1)...].drop { $0 == UInt8(ascii: " ") }
                let goesOn = ["->", "{", "where ", "throws", "async", "rethrows"].contains {
                    next.starts(with: $0.utf8)
                }
                if !goesOn { return nil }
            default: break
            }
        }
        return nil
    }

    private func linesOfBlock(_ code: [UInt8], from open: Int) -> Int {
        var depth = 0
        var lines = 0
        for byte in code[open...] {
            switch byte {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\n"): lines += 1
            default: break
            }
            if depth == 0 { break }
        }
        return lines
    }
}
