/// A Swift file taken apart into code, comments and string literals, so that a rule about one is not tripped by another.
///
/// It knows as much of the language as that needs: nested comments, raw and multi-line strings, and interpolations,
/// which count as part of their string.
struct SwiftText {
    struct Piece: Equatable {
        let line: Int
        let text: String
    }

    /// The file with blanks in place of comments and of the insides of strings; line breaks are kept.
    private(set) var code = ""
    /// The lines of the code, numbered from 1.
    private(set) var lines: [Piece] = []
    /// Every word of the code once, to see quickly that a file has nothing to do with a rule.
    private(set) var words: Set<String> = []
    private(set) var comments: [Piece] = []
    private(set) var strings: [Piece] = []

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var output: [UInt8] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
        while at < bytes.count {
            switch bytes[at] {
            case Self.slash where peek(1) == Self.slash: comment { $0.peek(0) == Self.newline }
            case Self.slash where peek(1) == Self.star: blockComment()
            case Self.quote: string(hashes: 0)
            case Self.hash: hashes()
            default: copy()
            }
        }
        code = String(decoding: output, as: UTF8.self)
        words = Set(output.split { !Self.isWord($0) }.map { String(decoding: $0, as: UTF8.self) })
        lines = code.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { Piece(line: $0 + 1, text: String($1)) }
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let quote = UInt8(ascii: "\"")
    private static let hash = UInt8(ascii: "#")
    private static let newline = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    private func peek(_ offset: Int) -> UInt8? {
        at + offset < bytes.count ? bytes[at + offset] : nil
    }

    private mutating func copy() {
        if bytes[at] == Self.newline { line += 1 }
        output.append(bytes[at])
        at += 1
    }

    /// Steps over a byte that is not code.
    private mutating func skip() {
        if bytes[at] == Self.newline { line += 1 }
        output.append(bytes[at] == Self.newline ? Self.newline : UInt8(ascii: " "))
        at += 1
    }

    private mutating func comment(until isEnd: (SwiftText) -> Bool) {
        let (start, startLine) = (at, line)
        while at < bytes.count, !isEnd(self) { skip() }
        comments.append(Piece(line: startLine, text: String(decoding: bytes[start..<at], as: UTF8.self)))
    }

    private mutating func blockComment() {
        let (start, startLine) = (at, line)
        var depth = 0
        repeat {
            if peek(0) == Self.slash, peek(1) == Self.star {
                depth += 1
                skip()
            } else if peek(0) == Self.star, peek(1) == Self.slash {
                depth -= 1
                skip()
            }
            skip()
        } while depth > 0 && at < bytes.count
        comments.append(
            Piece(line: startLine, text: String(decoding: bytes[start..<min(at, bytes.count)], as: UTF8.self)))
    }

    private mutating func hashes() {
        var count = 0
        while peek(count) == Self.hash { count += 1 }
        if peek(count) == Self.quote {
            for _ in 0..<count { copy() }
            string(hashes: count)
        } else {
            for _ in 0..<count { copy() }
        }
    }

    private mutating func string(hashes: Int) {
        let width = peek(1) == Self.quote && peek(2) == Self.quote ? 3 : 1
        let startLine = line
        for _ in 0..<width { copy() }
        let start = at
        while at < bytes.count, !isDelimiter(width: width, hashes: hashes) {
            if width == 1, bytes[at] == Self.newline { break }
            if bytes[at] == Self.backslash, (0..<hashes).allSatisfy({ peek(1 + $0) == Self.hash }) {
                for _ in 0...hashes { skip() }
                if peek(0) == UInt8(ascii: "(") {
                    interpolation()
                } else if at < bytes.count {
                    skip()
                }
            } else {
                skip()
            }
        }
        strings.append(Piece(line: startLine, text: String(decoding: bytes[start..<at], as: UTF8.self)))
        for _ in 0..<(width + hashes) where at < bytes.count { copy() }
    }

    private func isDelimiter(width: Int, hashes: Int) -> Bool {
        (0..<width).allSatisfy { peek($0) == Self.quote } && (0..<hashes).allSatisfy { peek(width + $0) == Self.hash }
    }

    /// Steps over `(...)`, whose own strings may hold brackets.
    private mutating func interpolation() {
        var depth = 0
        repeat {
            switch bytes[at] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case Self.quote:
                skip()
                while at < bytes.count, bytes[at] != Self.quote {
                    if bytes[at] == Self.backslash { skip() }
                    if at < bytes.count { skip() }
                }
            default: break
            }
            if at < bytes.count { skip() }
        } while depth > 0 && at < bytes.count
    }
}
