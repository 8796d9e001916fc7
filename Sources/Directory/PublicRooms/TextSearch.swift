/// Looks for a text in others, without regard to case.
///
/// Cost: linear in what is looked through, whatever is looked for (Knuth, Morris, Pratt): both may be anybody's.
struct TextSearch: Sendable {
    /// Nobody types more; what is longer is found nowhere.
    private static let maxBytes = 512

    private let term: [UInt8]
    /// For each length of a match that began: the length of the next shorter match that ends at the same place.
    private let fallbacks: [Int]
    private let isTooLong: Bool

    /// - Returns: `nil` when there is nothing to look for.
    init?(_ text: String?) {
        guard let text, !text.isEmpty else { return nil }
        isTooLong = text.utf8.count > Self.maxBytes
        term = isTooLong ? [] : Self.folded(text)
        var fallbacks = [Int](repeating: 0, count: term.count)
        var length = 0
        for index in term.indices.dropFirst() {
            while length > 0, term[index] != term[length] { length = fallbacks[length - 1] }
            if term[index] == term[length] { length += 1 }
            fallbacks[index] = length
        }
        self.fallbacks = fallbacks
    }

    /// A text as it is looked through.
    static func folded(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

    func matches(_ folded: [UInt8]) -> Bool {
        if isTooLong { return false }
        var length = 0
        for byte in folded {
            while length > 0, byte != term[length] { length = fallbacks[length - 1] }
            if byte == term[length] { length += 1 }
            if length == term.count { return true }
        }
        return false
    }
}
