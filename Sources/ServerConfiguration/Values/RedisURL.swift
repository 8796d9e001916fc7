/// Where a Redis is and how to get in, as `redis://` and `unix://` URLs say it.
package struct RedisURL: Sendable, Equatable {
    package enum Endpoint: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package let endpoint: Endpoint
    /// `nil` for Redis's default user.
    package let user: String?
    package let password: Secret?
    /// The number of the database. Publish and subscribe reach across all of them.
    package let database: Int

    static let defaultPort = 6379

    /// Reads `redis://[[user]:password@]host[:port][/database]` or `unix:///path`.
    package init?(_ text: String) {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst("unix://".count))
            guard path.hasPrefix("/"), path.utf8.count > 1, path.utf8.count < Self.socketPathLimit,
                !path.utf8.contains(0)
            else { return nil }
            self.init(endpoint: .unix(path: path), user: nil, password: nil, database: 0)
            return
        }
        guard text.hasPrefix("redis://") else { return nil }
        var rest = text.dropFirst("redis://".count)

        var user: String?
        var password: Secret?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = Self.decoded(parts[0]), let word = Self.decoded(parts[1]) else {
                return nil
            }
            user = name.isEmpty ? nil : name
            password = word.isEmpty ? nil : Secret(word)
            rest = rest[rest.index(after: at)...]
        }
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            let digits = rest[rest.index(after: slash)...]
            if !digits.isEmpty {
                guard let number = Int(digits), (0...1_000_000).contains(number) else { return nil }
                database = number
            }
            rest = rest[..<slash]
        }
        let hasPort = rest.last != "]" && rest.contains(":")
        guard let address = ListenAddress(hasPort ? String(rest) : "\(rest):\(Self.defaultPort)") else { return nil }
        self.init(
            endpoint: .tcp(host: address.host, port: address.port), user: user, password: password, database: database)
    }

    /// The size of `sun_path`, with its closing zero.
    private static let socketPathLimit = 108

    private init(endpoint: Endpoint, user: String?, password: Secret?, database: Int) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
    }

    /// The text without its percent escapes, or `nil` when one is broken.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
