/// A pattern in which `*` stands for any characters and `?` for one. Letters match in either case.
///
/// There is no backtracking: pieces between stars are found from left to right, each at its first place, which leaves the
/// most room for the others. Cost: the length of the text times a 64th of the length of the pattern.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#glob-style-matching
package struct Glob: Hashable, Sendable {
    /// Longer patterns are refused: nobody writes them in good faith.
    package static let longestPattern = 1024

    package enum Extent: Hashable, Sendable {
        /// The pattern must match the whole text.
        case wholeText
        /// The pattern must match a part of the text that begins and ends at word boundaries.
        case words
    }

    private let extent: Extent
    /// What stands between the stars; one more than there are stars.
    private let segments: [GlobSegment]

    /// `nil` when the pattern is too long.
    package init?(_ pattern: String, extent: Extent = .wholeText) {
        // More UTF-8 than this cannot be so few characters.
        guard pattern.utf8.count <= Self.longestPattern * 4 else { return nil }
        var pieces: [[UInt32]] = [[]]
        for character in FoldedText.fold(pattern) {
            if character == UInt32(UInt8(ascii: "*")) {
                pieces.append([])
            } else {
                pieces[pieces.count - 1].append(
                    character == UInt32(UInt8(ascii: "?")) ? GlobSegment.anyCharacter : character)
            }
        }
        // Stars in a row are one star.
        let last = pieces.count - 1
        pieces = pieces.enumerated().filter { $0 == 0 || $0 == last || !$1.isEmpty }.map(\.element)
        self.init(pieces: pieces, extent: extent)
    }

    /// A pattern without wildcards: every character stands for itself.
    package init?(literal text: String, extent: Extent = .wholeText) {
        guard text.utf8.count <= Self.longestPattern * 4 else { return nil }
        self.init(pieces: [FoldedText.fold(text)], extent: extent)
    }

    private init?(pieces: [[UInt32]], extent: Extent) {
        guard pieces.reduce(0, { $0 + $1.count + 1 }) <= Self.longestPattern + 1 else { return nil }
        self.extent = extent
        segments = pieces.enumerated().map { index, piece in
            let isInside = index > 0 && index < pieces.count - 1
            return GlobSegment(piece, isSearched: extent == .words || isInside)
        }
    }

    /// A bound on what ``matches(_:)`` takes: how often a character of the text is looked at.
    func steps(in text: [UInt32]) -> Int {
        extent == .wholeText && segments.count == 1 ? 1 : segments.reduce(1) { max($0, $1.width) } * (text.count + 1)
    }

    package func matches(_ text: String) -> Bool { matches(FoldedText.fold(text)) }

    /// - Parameter text: folded by `FoldedText`.
    func matches(_ text: [UInt32]) -> Bool {
        switch extent {
        case .wholeText: matchesWhole(text)
        case .words: matchesWords(text)
        }
    }

    private func matchesWhole(_ text: [UInt32]) -> Bool {
        guard let first = segments.first, let last = segments.last else { return false }
        if segments.count == 1, first.characters.count != text.count { return false }
        guard first.matches(text, at: 0) else { return false }
        if segments.count == 1 { return true }
        var position = first.characters.count
        for segment in segments.dropFirst().dropLast() {
            guard let end = segment.firstEnd(in: text, from: position) else { return false }
            position = end
        }
        let start = text.count - last.characters.count
        return start >= position && last.matches(text, at: start)
    }

    private func matchesWords(_ text: [UInt32]) -> Bool {
        var position = 0
        for (index, segment) in segments.enumerated() {
            let end = segment.firstEnd(
                in: text, from: position, startsAtBoundary: index == 0, endsAtBoundary: index == segments.count - 1)
            guard let end else { return false }
            position = end
        }
        return true
    }
}

/// Text as patterns see it: characters in lower case.
enum FoldedText {
    static func fold(_ text: String) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                let isUpper = scalar.value &- 0x41 < 26
                result.append(isUpper ? scalar.value | 0x20 : scalar.value)
            } else {
                for lower in scalar.properties.lowercaseMapping.unicodeScalars { result.append(lower.value) }
            }
        }
        return result
    }
}
