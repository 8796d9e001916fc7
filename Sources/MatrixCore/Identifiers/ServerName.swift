/// The name of a homeserver: `example.org`, `example.org:8448`, `1.2.3.4:80`, `[::1]:8448`. Case counts.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#server-name
package struct ServerName: MatrixIdentifier {
    package enum HostKind: Hashable, Sendable { case dns, ipv4, ipv6 }

    package let description: String

    package init?(_ text: String) {
        guard Self.isValid(text.utf8) else { return nil }
        description = text
    }

    /// For text that was a checked part of another identifier.
    init(unchecked text: String) { description = text }

    /// The host without the port; an IPv6 address without its brackets.
    package var host: String {
        let bytes = description.utf8
        if bytes.first == UInt8(ascii: "["), let end = bytes.firstIndex(of: UInt8(ascii: "]")) {
            return String(description[bytes.index(after: bytes.startIndex)..<end])
        }
        return String(description[..<(bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex)])
    }

    /// The port, when the name gives one.
    package var port: UInt16? {
        let bytes = description.utf8
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes.last != UInt8(ascii: "]") else { return nil }
        return UInt16(description[bytes.index(after: colon)...])
    }

    package var hostKind: HostKind {
        if description.utf8.first == UInt8(ascii: "[") { return .ipv6 }
        return IPAddressText.isIPv4(host.utf8) ? .ipv4 : .dns
    }

    package var isIPLiteral: Bool { hostKind != .dns }

    /// Whether `bytes` are a server name.
    static func isValid(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= IdentifierGrammar.longest else { return false }
        if first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            return IPAddressText.isIPv6(bytes[bytes.index(after: bytes.startIndex)..<end])
                && isPortOrNothing(bytes[bytes.index(after: end)...])
        }
        let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        let host = bytes[..<end]
        return !host.isEmpty && host.allSatisfy(isDNSCharacter) && isPortOrNothing(bytes[end...])
    }

    private static func isDNSCharacter(_ byte: UInt8) -> Bool {
        IdentifierGrammar.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Nothing, or a colon and 1 to 5 digits that are a port number.
    private static func isPortOrNothing(_ bytes: some Collection<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(IdentifierGrammar.isDigit)
        else {
            return false
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= Int(UInt16.max)
    }
}
