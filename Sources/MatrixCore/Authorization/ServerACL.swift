/// Which servers a room lets take part: the content of `m.room.server_acl`, read once and asked often.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#server-access-control-lists-acls-for-rooms
package struct ServerACL: Sendable {
    private let allowed: [Glob]
    private let denied: [Glob]
    private let allowsIPLiterals: Bool

    /// - Parameter content: of the event. What is malformed in it counts as not there; without `allow` nobody is let in.
    package init(content: JSONView) {
        allowed = Self.globs(content["allow"])
        denied = Self.globs(content["deny"])
        allowsIPLiterals = content["allow_ip_literals"]?.bool ?? true
    }

    /// How many patterns it has, for those who bound what they keep.
    package var patternCount: Int { allowed.count + denied.count }

    /// Cost: a look at each pattern, some 100 ns.
    package func allows(_ server: ServerName) -> Bool {
        if !allowsIPLiterals, server.isIPLiteral { return false }
        // Ports do not count. IPv6 literals are matched as they are written, in brackets.
        let host = server.hostKind == .ipv6 ? "[\(server.host)]" : server.host
        if denied.contains(where: { $0.matches(host) }) { return false }
        return allowed.contains { $0.matches(host) }
    }

    private static func globs(_ list: JSONView?) -> [Glob] {
        list?.array?.compactMap { $0.string.flatMap { Glob($0) } } ?? []
    }
}
