/// An `http` or `https` URL, taken apart strictly: whatever two parsers could read differently is refused.
package struct OutboundURL: Hashable, Sendable, CustomStringConvertible {
    private static let maximumBytes = 8192

    package let isTLS: Bool
    /// A DNS name in lower case, or an address without brackets.
    package let host: String
    package let port: Int
    /// Path and query, beginning with a slash.
    package let target: String
    private let hasExplicitPort: Bool

    /// Nil for other schemes, user names, fragments' contents are dropped, and for malformed hosts, ports or characters.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }),
            let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://")
        else { return nil }
        switch text[..<colon].lowercased() {
        case "http": isTLS = false
        case "https": isTLS = true
        default: return nil
        }
        let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = Self.splitAuthority(rest[..<end]) else { return nil }
        host = authority.host
        hasExplicitPort = authority.port != nil
        port = authority.port ?? (isTLS ? 443 : 80)
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    /// A URL of parts that are known to be good.
    package init(isTLS: Bool, host: String, port: Int?, target: String) {
        self.isTLS = isTLS
        self.host = host
        hasExplicitPort = port != nil
        self.port = port ?? (isTLS ? 443 : 80)
        self.target = target
    }

    /// What `Host` says: the port only where it was given.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return hasExplicitPort ? "\(name):\(port)" : name
    }

    package var description: String { "\(isTLS ? "https" : "http")://\(authority)\(target)" }

    /// Where a `Location` leads from here; nil when it leads nowhere that we go.
    package func resolving(location: String) -> OutboundURL? {
        if location.contains("://") { return OutboundURL(location) }
        let scheme = isTLS ? "https" : "http"
        if location.hasPrefix("//") { return OutboundURL("\(scheme):\(location)") }
        if location.hasPrefix("/") { return OutboundURL("\(scheme)://\(authority)\(location)") }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") { return OutboundURL("\(scheme)://\(authority)\(path)\(location)") }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return OutboundURL("\(scheme)://\(authority)\(folder)\(location)")
    }

    private static func splitAuthority(_ authority: Substring) -> (host: String, port: Int?)? {
        guard !authority.contains("@") else { return nil }
        var host = authority
        var port: Int?
        let afterBrackets = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBrackets...].lastIndex(of: ":") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            if !digits.isEmpty {
                guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    let number = Int(digits), (1...65535).contains(number)
                else { return nil }
                port = number
            }
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), let address = IPAddress(String(host.dropFirst().dropLast())), !address.isIPv4
            else { return nil }
            return (address.description, port)
        }
        guard isHostName(host) else { return nil }
        return (host.lowercased(), port)
    }

    /// Labels of letters, digits, hyphens and underscores. A name whose last label is a number must be an IPv4 address:
    /// resolvers take `127.1` or `2130706433` for one too.
    private static func isHostName(_ host: Substring) -> Bool {
        var labels = host.split(separator: ".", omittingEmptySubsequences: false)
        if labels.last == "", labels.count > 1 { labels.removeLast() }
        guard (1...253).contains(host.utf8.count), let last = labels.last else { return false }
        let isNumeric = last.utf8.allSatisfy { (0x30...0x39).contains($0) } || last.lowercased().hasPrefix("0x")
        if isNumeric, IPAddress(String(host)) == nil { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
        }
    }
}
