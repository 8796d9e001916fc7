extension ServerConfiguration {
    /// The relay for calls.
    package struct TURN: ConfigurationSection {
        package let uris: [String]
        /// What short-lived passwords are made from; the relay has the same.
        package let sharedSecret: Secret?
        /// How long such a password works.
        package let timeToLive: Duration
        package let allowsGuests: Bool

        static let documentation = [
            urisKey.documentation, secretKey.documentation, lifetime.documentation, guests.documentation,
        ]

        private static let urisKey = Key<[String]>(
            "uris", .list(of: .relay, limit: 16), default: [],
            "The relays for calls, like turn:turn.example.com?transport=udp. Empty: clients get none.")
        private static let secretKey = Key<Secret?>(
            "shared_secret", .optional(.secret()), default: .some(nil),
            "What users' short-lived passwords are made from (static-auth-secret of coturn).")
        private static let lifetime = Key(
            "ttl_seconds", .seconds(60...604_800), default: .seconds(86_400), unit: "seconds",
            "How long such a password works.")
        private static let guests = Key(
            "allow_guests", .flag, default: true, "Whether guests may use the relays.")

        init?(from reader: SectionReader) {
            guard
                let (uris, secret, lifetime, guests) = reader.values(
                    Self.urisKey, Self.secretKey, Self.lifetime, Self.guests)
            else { return nil }
            guard uris.isEmpty || secret != nil else {
                reader.refuse("shared_secret", "needed with uris: nobody could use the relay")
                return nil
            }
            (self.uris, sharedSecret, timeToLive, allowsGuests) = (uris, secret, lifetime, guests)
        }
    }
}

extension ValueType where Value == String {
    fileprivate static var relay: ValueType {
        text("a turn:, turns:, stun: or stuns: URI") { text in
            let schemes = ["turn:", "turns:", "stun:", "stuns:"]
            return schemes.contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count } ? text : nil
        }
    }
}
