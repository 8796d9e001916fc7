/// A piece of a glob between two stars: characters, some of which may be `?`.
///
/// It is searched for with one bit a character of the piece ("shift-and"), so that the time is the length of the text,
/// whatever the piece and the text are: both may be made by somebody who wants to keep us busy.
struct GlobSegment: Hashable, Sendable {
    /// Stands for `?`; no Unicode scalar has this value.
    static let anyCharacter = UInt32.max

    let characters: [UInt32]
    /// Words of bits a row of `masks` has.
    let width: Int
    /// Rows of bits: at which places of the piece a character may stand. Row 0 is for characters that the piece does not name.
    private let masks: [UInt64]
    /// The row of each ASCII character.
    private let asciiRows: [UInt16]
    private let otherRows: [UInt32: Int]

    /// - Parameter isSearched: `false` for a piece that is only ever compared in one place, which needs no tables.
    init(_ characters: [UInt32], isSearched: Bool) {
        self.characters = characters
        let width = (characters.count + 63) / 64
        self.width = width
        var masks = [UInt64](repeating: 0, count: isSearched ? width : 0)
        var asciiRows = [UInt16](repeating: 0, count: isSearched ? 128 : 0)
        var otherRows: [UInt32: Int] = [:]
        if isSearched {
            for (place, character) in characters.enumerated() where character != Self.anyCharacter {
                var row = character < 128 ? Int(asciiRows[Int(character)]) : otherRows[character] ?? 0
                if row == 0 {
                    row = masks.count / width
                    masks.append(contentsOf: repeatElement(0, count: width))
                    if character < 128 { asciiRows[Int(character)] = UInt16(row) } else { otherRows[character] = row }
                }
                masks[row * width + place / 64] |= 1 << UInt64(place % 64)
            }
            for (place, character) in characters.enumerated() where character == Self.anyCharacter {
                for row in 0..<(masks.count / width) { masks[row * width + place / 64] |= 1 << UInt64(place % 64) }
            }
        }
        self.masks = masks
        self.asciiRows = asciiRows
        self.otherRows = otherRows
    }

    /// Whether the text has this piece at `start`.
    func matches(_ text: [UInt32], at start: Int) -> Bool {
        guard start >= 0, text.count - start >= characters.count else { return false }
        for (offset, character) in characters.enumerated()
        where character != Self.anyCharacter && character != text[start + offset] {
            return false
        }
        return true
    }

    /// The end of the first occurrence that begins at `start` or later. Cost: linear in the text.
    ///
    /// - Parameters:
    ///   - startsAtBoundary: only occurrences that begin at a word boundary.
    ///   - endsAtBoundary: only occurrences that end at one.
    func firstEnd(
        in text: [UInt32], from start: Int, startsAtBoundary: Bool = false, endsAtBoundary: Bool = false
    ) -> Int? {
        guard !characters.isEmpty else {
            return (start...max(start, text.count)).first {
                !(startsAtBoundary || endsAtBoundary) || WordBoundary.isBoundary(text, $0)
            }
        }
        if width == 1 { return shortEnd(in: text, from: start, startsAtBoundary, endsAtBoundary) }
        let lastBit: UInt64 = 1 << UInt64((characters.count - 1) % 64)
        var state = [UInt64](repeating: 0, count: width)
        for position in start..<max(start, text.count) {
            let row = row(of: text[position]) * width
            var carry: UInt64 = !startsAtBoundary || WordBoundary.isBoundary(text, position) ? 1 : 0
            for word in 0..<width {
                let next = state[word] >> 63
                state[word] = (state[word] << 1 | carry) & masks[row + word]
                carry = next
            }
            if state[width - 1] & lastBit != 0, !endsAtBoundary || WordBoundary.isBoundary(text, position + 1) {
                return position + 1
            }
        }
        return nil
    }

    /// The same for pieces of up to 64 characters, which nearly all are: nothing is allocated.
    private func shortEnd(
        in text: [UInt32], from start: Int, _ startsAtBoundary: Bool, _ endsAtBoundary: Bool
    ) -> Int? {
        let lastBit: UInt64 = 1 << UInt64(characters.count - 1)
        var state: UInt64 = 0
        for position in start..<max(start, text.count) {
            let row = row(of: text[position])
            // Where nothing has begun, most characters begin nothing.
            if state == 0, masks[row] & 1 == 0 { continue }
            let mayStart = !startsAtBoundary || WordBoundary.isBoundary(text, position)
            state = (state << 1 | (mayStart ? 1 : 0)) & masks[row]
            if state & lastBit != 0, !endsAtBoundary || WordBoundary.isBoundary(text, position + 1) {
                return position + 1
            }
        }
        return nil
    }

    private func row(of character: UInt32) -> Int {
        character < 128 ? Int(asciiRows[Int(character)]) : otherRows[character] ?? 0
    }
}

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#conditions-1
enum WordBoundary {
    /// Whether no word goes on across `position`: it is an end of the text, or beside a character that is not `A-Z a-z 0-9 _`.
    static func isBoundary(_ text: [UInt32], _ position: Int) -> Bool {
        position <= 0 || position >= text.count || !isWord(text[position - 1]) || !isWord(text[position])
    }

    private static func isWord(_ character: UInt32) -> Bool {
        guard let byte = UInt8(exactly: character) else { return false }
        return IdentifierGrammar.isAlphanumeric(byte) || byte == UInt8(ascii: "_")
    }
}
