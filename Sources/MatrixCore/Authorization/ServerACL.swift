/// Which servers a room lets take part: the content of `m.room.server_acl`, read once and asked often.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#server-access-control-lists-acls-for-rooms
package struct ServerACL: Sendable {
    private let allowed: Patterns
    private let denied: Patterns
    private let allowsIPLiterals: Bool

    /// - Parameter content: of the event. What is malformed in it counts as not there; without `allow` nobody is let in.
    package init(content: JSONView) {
        allowed = Patterns(content["allow"])
        denied = Patterns(content["deny"])
        allowsIPLiterals = content["allow_ip_literals"]?.bool ?? true
    }

    /// How many patterns it has, for those who bound what they keep.
    package var patternCount: Int { allowed.count + denied.count }

    /// Cost: two look-ups for all names of servers and domains together, and some 100 ns for each other pattern.
    package func allows(_ server: ServerName) -> Bool {
        if !allowsIPLiterals, server.isIPLiteral { return false }
        // Ports do not count. IPv6 literals are matched as they are written, in brackets.
        let host = FoldedText.fold(server.hostKind == .ipv6 ? "[\(server.host)]" : server.host)
        if denied.match(host) { return false }
        return allowed.match(host)
    }

    /// Patterns, sorted by what it takes to find one that matches. Long lists hold names of servers, and domains with `*.`.
    private struct Patterns: Sendable {
        /// Patterns without wildcards.
        private var names: Set<[UInt32]> = []
        /// What follows the star, dot included, of patterns like `*.example.org`.
        private var domains: Set<[UInt32]> = []
        private var globs: [Glob] = []
        private let matchesAll: Bool
        let count: Int

        init(_ list: JSONView?) {
            var matchesAll = false
            var count = 0
            for entry in list?.array.map(Array.init) ?? [] {
                guard let pattern = entry.string, let glob = Glob(pattern) else { continue }
                count += 1
                let folded = FoldedText.fold(pattern)
                if folded == [Self.star] {
                    matchesAll = true
                } else if !folded.contains(where: Self.isWildcard) {
                    names.insert(folded)
                } else if folded.first == Self.star, folded.count > 2, folded[1] == Self.dot,
                    !folded.dropFirst().contains(where: Self.isWildcard)
                {
                    domains.insert(Array(folded.dropFirst()))
                } else {
                    globs.append(glob)
                }
            }
            self.matchesAll = matchesAll
            self.count = count
        }

        func match(_ host: [UInt32]) -> Bool {
            if matchesAll || names.contains(host) { return true }
            if !domains.isEmpty {
                for (index, character) in host.enumerated() where character == Self.dot {
                    if domains.contains(Array(host[index...])) { return true }
                }
            }
            return globs.contains { $0.matches(host) }
        }

        private static let star = UInt32(UInt8(ascii: "*"))
        private static let dot = UInt32(UInt8(ascii: "."))

        private static func isWildcard(_ character: UInt32) -> Bool {
            character == star || character == UInt32(UInt8(ascii: "?"))
        }
    }
}
