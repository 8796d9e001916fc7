package import MatrixCore

extension ServerConfiguration {
    /// How this server meets others.
    package struct Federation: ConfigurationSection {
        package let isEnabled: Bool
        /// Servers that are asked for keys of others which do not answer.
        package let trustedKeyServers: [ServerName]
        /// Patterns (`*`, `?`) of server names; when there are any, only these servers are spoken to.
        package let allow: [String]
        /// Patterns of server names that are never spoken to.
        package let deny: [String]
        /// Whether other servers may see the names of our users' devices.
        package let sharesDeviceNames: Bool

        static let documentation = [
            enabled.documentation, trusted.documentation, allowKey.documentation, denyKey.documentation,
            deviceNames.documentation,
        ]

        private static let enabled = Key("enabled", .flag, default: true, "Whether other servers are spoken to at all.")
        private static let trusted = Key<[ServerName]>(
            "trusted_key_servers", .list(of: .serverName, limit: 16), default: [],
            "Servers that are asked for the keys of servers that do not answer themselves.")
        private static let allowKey = Key<[String]>(
            "allow", .list(of: .serverPattern, limit: 10_000), default: [],
            "When not empty, only these servers are spoken to. * stands for any text, ? for any one character.")
        private static let denyKey = Key<[String]>(
            "deny", .list(of: .serverPattern, limit: 10_000), default: [],
            "Servers that are never spoken to, in the same form.")
        private static let deviceNames = Key(
            "device_names", .flag, default: true, "Whether other servers may see the names of the users' devices.")

        init?(from reader: SectionReader) {
            guard
                let (enabled, trusted, allow, deny, deviceNames) = reader.values(
                    Self.enabled, Self.trusted, Self.allowKey, Self.denyKey, Self.deviceNames)
            else { return nil }
            isEnabled = enabled
            trustedKeyServers = trusted
            (self.allow, self.deny) = (allow, deny)
            sharesDeviceNames = deviceNames
        }
    }
}

extension ValueType where Value == ServerName {
    static var serverName: ValueType {
        text("a server name like example.com or example.com:8448") { ServerName($0) }
    }
}

extension ValueType where Value == String {
    /// A pattern that a server name can match: of bounded length and of the characters that names hold.
    fileprivate static var serverPattern: ValueType {
        text("a server name, where * and ? may stand for characters") { text in
            let isGood = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-:[]*?".utf8.contains(byte)
                }
            }
            return (1...255).contains(text.utf8.count) && isGood ? text : nil
        }
    }
}
