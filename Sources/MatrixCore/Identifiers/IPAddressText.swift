/// Addresses as text.
///
/// - Spec: https://datatracker.ietf.org/doc/html/rfc3513#section-2.2
package enum IPAddressText {
    /// Four decimal numbers up to 255, with points between them.
    package static func isIPv4(_ bytes: some Collection<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(IdentifierGrammar.isDigit)
                    && part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
            }
    }

    /// Eight groups of up to four hexadecimal digits; `::` once for a run of zeros; the last two groups may be an IPv4
    /// address. No zone, no brackets.
    package static func isIPv6(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        let groups = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 9, omittingEmptySubsequences: false)
        guard bytes.count <= 45, groups.count >= 3, groups.count <= 9 else { return false }
        // `::` shows as one empty group inside, or as two at an end of the text.
        var body = groups[...]
        let isOpenAtStart = body[0].isEmpty && body[1].isEmpty
        let isOpenAtEnd = body[body.endIndex - 1].isEmpty && body[body.endIndex - 2].isEmpty
        if isOpenAtStart { body = body.dropFirst() }
        if isOpenAtEnd { body = body.dropLast() }
        // "::" alone: three empty groups, of which both ends took the outer ones.
        let empties = body.filter(\.isEmpty).count
        guard empties <= 1, body.first?.isEmpty != true || isOpenAtStart || body.count == 1,
            body.last?.isEmpty != true || isOpenAtEnd || body.count == 1
        else { return false }
        var width = 0
        for (index, group) in zip(body.indices, body) where !group.isEmpty {
            if isIPv4(group), index == body.endIndex - 1 {
                width += 2
            } else {
                guard group.count <= 4, group.allSatisfy({ JSONText.hexDigit($0) != nil }) else { return false }
                width += 1
            }
        }
        return empties == 1 ? width <= 7 : width == 8
    }
}
