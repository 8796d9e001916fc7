/// The part of a file that a request asks for.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
enum ByteRange: Hashable, Sendable {
    /// Everything: nothing was asked for, or in a form that is not understood and so not heeded.
    case whole
    case part(Range<Int64>)
    /// Beyond the end of the file.
    case unsatisfiable

    /// - Parameters:
    ///   - header: `Range`. Several ranges at once are not heeded.
    ///   - length: of the file.
    init(_ header: String?, of length: Int64) {
        self = header.flatMap { Self.parse($0, length) } ?? .whole
    }

    private static func parse(_ header: String, _ length: Int64) -> ByteRange? {
        let prefix = "bytes="
        guard header.lowercased().hasPrefix(prefix) else { return nil }
        let parts = header.dropFirst(prefix.count).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[0].isEmpty {
            guard let count = number(parts[1]) else { return nil }
            return count == 0 || length == 0 ? .unsatisfiable : .part(max(0, length - count)..<length)
        }
        guard let first = number(parts[0]) else { return nil }
        if parts[1].isEmpty { return first < length ? .part(first..<length) : .unsatisfiable }
        guard let last = number(parts[1]), last >= first else { return nil }
        return first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
    }

    private static func number(_ text: Substring) -> Int64? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(text)
    }
}
