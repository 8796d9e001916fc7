extension ServerConfiguration {
    /// Every request that the server makes by itself: to other servers, push gateways, previewed pages.
    package struct Outbound: ConfigurationSection {
        package let allowsPrivateAddresses: Bool
        /// Certificates, PEM, that are trusted besides the system's.
        package let certificateAuthoritiesPath: String?
        package let verifiesTLS: Bool

        static let documentation = [allowPrivate.documentation, caFile.documentation, verify.documentation]

        private static let allowPrivate = Key(
            "allow_private_addresses", .flag, default: false,
            "Whether loopback and private networks may be reached. true is for tests: it lets strangers reach into your network."
        )
        private static let caFile = Key<String?>(
            "ca_file", .optional(.path), default: .some(nil),
            "Certificates (PEM) that are trusted besides the system's.")
        private static let verify = Key(
            "verify_tls", .flag, default: true, "Whether certificates of others are checked. false is for tests.")

        init?(from reader: SectionReader) {
            guard let (allowPrivate, caFile, verify) = reader.values(Self.allowPrivate, Self.caFile, Self.verify)
            else { return nil }
            (allowsPrivateAddresses, certificateAuthoritiesPath, verifiesTLS) = (allowPrivate, caFile, verify)
        }
    }
}
