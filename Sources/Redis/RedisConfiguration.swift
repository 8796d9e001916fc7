/// Where Redis is, and who we are there.
package struct RedisConfiguration: Sendable, Hashable {
    package enum Endpoint: Sendable, Hashable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    package var endpoint: Endpoint
    package var user: String?
    package var password: String?
    package var database: Int

    /// Shown by the server in `CLIENT LIST`.
    package var clientName = "apus"
    /// For one attempt to connect.
    package var connectTimeout = Duration.seconds(3)
    /// How long a command may wait, for a connection and for its answer.
    package var commandTimeout = Duration.seconds(5)
    /// How long what is published may wait after other messages were read, so that many are read at once: under load a message
    /// costs a wake-up otherwise, which is most of its cost. Zero reads each as it comes.
    package var subscriberRest = Duration.zero
    /// Commands that wait; further ones fail as `overloaded`.
    package var maximumPendingCommands = 10_000
    /// Bytes that wait to be written. Beyond that publishes are dropped and commands fail.
    package var maximumPendingBytes = 16 << 20

    package init(
        endpoint: Endpoint, user: String? = nil, password: String? = nil, database: Int = 0
    ) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
    }

    /// - Parameter url: `redis://[[user]:password@]host[:port][/database]` or `unix:///path/of/socket`.
    package init(url: String) throws(RedisError) {
        if let rest = url.dropping(prefix: "unix://") {
            // The path of a socket is at most 107 bytes long in Linux.
            guard rest.hasPrefix("/"), rest.utf8.count < 108 else { throw .badURL(reason: "not an absolute path") }
            self.init(endpoint: .unix(path: String(rest)))
            return
        }
        guard let rest = url.dropping(prefix: "redis://") else {
            throw .badURL(reason: "begins with neither redis:// nor unix://")
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = parts[0]
        let at = authority.lastIndex(of: "@")
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority
        self.init(endpoint: try Self.endpoint(hostAndPort))
        if let at { (user, password) = try Self.credentials(authority[..<at]) }
        if parts.count == 2, !parts[1].isEmpty {
            guard let number = Int(parts[1]), (0...65_535).contains(number) else {
                throw .badURL(reason: "the database is not a number")
            }
            database = number
        }
    }

    private static func endpoint(_ text: Substring) throws(RedisError) -> Endpoint {
        var host = text
        var port: UInt16 = 6379
        let bracket = text.lastIndex(of: "]")
        if let colon = text.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else {
                throw .badURL(reason: "the port is not a number")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw .badURL(reason: "no host") }
        return .tcp(host: String(host), port: port)
    }

    private static func credentials(_ text: Substring) throws(RedisError) -> (String?, String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = parts[0].percentDecoded, let password = parts[1].percentDecoded else {
            throw .badURL(reason: "credentials are not user:password")
        }
        return (user.isEmpty ? nil : user, password)
    }
}

extension StringProtocol {
    fileprivate func dropping(prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }

    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
