extension ServerConfiguration {
    /// Identity servers, which users bring along.
    package struct Identity: ConfigurationSection {
        package let verifiesTLS: Bool

        static let documentation = [verify.documentation]

        private static let verify = Key(
            "verify_tls", .flag, default: true,
            "Whether certificates of identity servers are checked. false is for tests.")

        init?(from reader: SectionReader) {
            guard let verify = reader.value(Self.verify) else { return nil }
            verifiesTLS = verify
        }
    }

    /// Sign-in through a CAS server.
    package struct CAS: ConfigurationSection {
        /// `nil`: no sign-in through CAS.
        package let serverURL: BaseURL?

        static let documentation = [url.documentation]

        private static let url = Key<BaseURL?>(
            "server_url", .optional(.baseURL), default: .some(nil), "The CAS server. Empty: no sign-in through CAS.")

        init?(from reader: SectionReader) {
            guard let url = reader.value(Self.url) else { return nil }
            serverURL = url
        }
    }

    /// Sign-in through an OpenID Connect provider.
    package struct OIDCProvider: ConfigurationSection {
        /// Part of the address that clients are sent to; never changes once users came through it.
        package let id: String
        /// What people see on the button.
        package let name: String
        package let issuer: BaseURL
        package let clientID: String
        package let clientSecret: Secret
        package let scopes: [String]

        static let documentation = [
            idKey.documentation, nameKey.documentation, issuerKey.documentation, clientIDKey.documentation,
            secretKey.documentation, scopesKey.documentation,
        ]

        private static let idKey = Key(
            "id", .string(), change: .never, example: "example", "A short name for addresses and the database.")
        private static let nameKey = Key("name", .string(), example: "Example", "What people see on the button.")
        private static let issuerKey = Key<BaseURL>(
            "issuer", .baseURL, example: #""https://login.example.com/""#,
            "The provider, as its discovery document calls it.")
        private static let clientIDKey = Key(
            "client_id", .string(), example: "apus", "What the provider calls this server.")
        private static let secretKey = Key(
            "client_secret", .secret(), example: "{file: oidc.secret}", "What proves to the provider that we are it.")
        private static let scopesKey = Key<[String]>(
            "scopes", .list(of: .string(), limit: 32), default: ["openid", "profile"], "What is asked for.")

        init?(from reader: SectionReader) {
            guard
                let (id, name, issuer, clientID, secret, scopes) = reader.values(
                    Self.idKey, Self.nameKey, Self.issuerKey, Self.clientIDKey, Self.secretKey, Self.scopesKey)
            else { return nil }
            (self.id, self.name, self.issuer) = (id, name, issuer)
            (self.clientID, clientSecret, self.scopes) = (clientID, secret, scopes)
        }
    }
}
