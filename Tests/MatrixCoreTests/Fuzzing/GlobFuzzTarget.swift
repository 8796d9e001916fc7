import MatrixCore

/// Globs beside a matcher that is too simple to be wrong. Input: a pattern, a line feed, a text.
enum GlobFuzzTarget {
    static let dictionary = [
        "*", "?", "**", "*?*", " ", "_", "-", "a", "A", "é", "É", "İ", "ß", "😀", "\n", "ab", "aab",
    ]

    private static let longestCompared = 200

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let pattern = String(decoding: parts[0], as: UTF8.self)
        let text = String(decoding: parts.count > 1 ? parts[1] : [], as: UTF8.self)
        guard let whole = Glob(pattern), let words = Glob(pattern, extent: .words) else { return }
        let (isWhole, hasWords) = (whole.matches(text), words.matches(text))
        if isWhole { try FuzzFailure.unless(hasWords, "the whole text has no such words") }
        let (pieces, letters) = (scalars(pattern), scalars(text))
        guard pieces.count <= longestCompared, letters.count <= longestCompared else { return }
        try FuzzFailure.unless(isWhole == matches(pieces, letters, atWords: false), "whole: \(pattern) \(text)")
        try FuzzFailure.unless(hasWords == matches(pieces, letters, atWords: true), "words: \(pattern) \(text)")
        let literal = Glob(literal: pattern)?.matches(text)
        try FuzzFailure.unless(literal == nil || literal == (pieces == letters), "literal: \(pattern) \(text)")
    }

    private static func scalars(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
    }

    /// One row of a table for each character of the text: which beginnings of the pattern match up to here.
    private static func matches(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar], atWords: Bool) -> Bool {
        var reached = [Bool](repeating: false, count: pattern.count + 1)
        for position in 0...text.count {
            let isBoundary = isBoundary(text, position)
            if position == 0 || (atWords && isBoundary) { reached[0] = true }
            for (index, piece) in pattern.enumerated() where piece == "*" && reached[index] {
                reached[index + 1] = true
            }
            if atWords, isBoundary, reached[pattern.count] { return true }
            guard position < text.count else { break }
            var next = [Bool](repeating: false, count: pattern.count + 1)
            for (index, piece) in pattern.enumerated() where reached[index] {
                if piece == "*" { next[index] = true }
                if piece == "?" || (piece != "*" && piece == text[position]) { next[index + 1] = true }
            }
            reached = next
        }
        return !atWords && reached[pattern.count]
    }

    private static func isBoundary(_ text: [Unicode.Scalar], _ position: Int) -> Bool {
        position == 0 || position == text.count || !isWord(text[position - 1]) || !isWord(text[position])
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
    }
}
