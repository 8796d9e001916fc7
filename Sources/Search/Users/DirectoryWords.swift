/// The words by which users are found: letters and digits of any script, in lower case; all else separates them.
enum DirectoryWords {
    /// Words of one name; in characters what is kept of one.
    private static let maxWords = 32
    private static let maxLength = 64

    static func words(of text: String, atMost limit: Int = maxWords) -> [String] {
        var words: [String] = []
        var seen: Set<String> = []
        for part in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
            let word = String(part.lowercased().prefix(maxLength))
            guard !word.isEmpty, seen.insert(word).inserted else { continue }
            words.append(word)
            if words.count == limit { break }
        }
        return words
    }
}
