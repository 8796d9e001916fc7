extension ServerConfiguration {
    /// Who may make an account.
    package struct Registration: ConfigurationSection {
        package let isOpen: Bool
        package let allowsGuests: Bool
        /// What `/_synapse/admin/v1/register` is keyed with; `nil` switches that endpoint off.
        package let sharedSecret: Secret?
        package let requiresToken: Bool
        /// The documents that new users have to accept, an entry for each language of each.
        package let terms: [Terms]
        package let recaptcha: Recaptcha?

        static let documentation = [
            open.documentation, guests.documentation, sharedSecretKey.documentation, requireToken.documentation,
            termsKey.documentation, recaptchaKey.documentation,
        ]

        private static let open = Key("open", .flag, default: false, "Whether anybody may register.")
        private static let guests = Key(
            "guests", .flag, default: false, "Whether guests get an account without a password.")
        private static let sharedSecretKey = Key<Secret?>(
            "shared_secret", .optional(.secret()), default: .some(nil),
            """
            Whoever knows it may make accounts, administrators too, over /_synapse/admin/v1/register. Empty: nobody may.
            """)
        private static let requireToken = Key(
            "require_token", .flag, default: false,
            "Whether a registration token is asked for, even where registration is open.")
        private static let termsKey = Key<[Terms]>(
            "terms", .list(of: .section, limit: 256), default: [],
            example: """
                # - {policy: terms_of_service, version: "1.0", language: en, name: Terms of service, url: "https://example.com/terms"}
                # - {policy: terms_of_service, version: "1.0", language: fr, name: Conditions, url: "https://example.com/conditions"}
                """,
            """
            The documents that new users have to accept, an entry for each language. Whoever accepted a version is not asked \
            again when there is a newer one.
            """)
        private static let recaptchaKey = Key<Recaptcha?>(
            "recaptcha", Recaptcha.type, "A captcha before registration. With empty keys there is none.")

        init?(from reader: SectionReader) {
            guard
                let (open, guests, sharedSecret, requireToken, terms, recaptcha) = reader.values(
                    Self.open, Self.guests, Self.sharedSecretKey, Self.requireToken, Self.termsKey, Self.recaptchaKey)
            else { return nil }
            if let mistake = Terms.mistake(in: terms) {
                reader.refuse("terms", mistake)
                return nil
            }
            isOpen = open
            allowsGuests = guests
            self.sharedSecret = sharedSecret
            requiresToken = requireToken
            self.terms = terms
            self.recaptcha = recaptcha
        }
    }

    /// The captcha service that is asked before a registration.
    package struct Recaptcha: Sendable {
        package let verifyURL: BaseURL
        /// What clients show; public.
        package let siteKey: String
        package let secretKey: Secret

        fileprivate static let type = ValueType<Recaptcha?>(
            allowed: "a table of keys",
            read: { place in Written(from: SectionReader(place, keys: Written.documentation))?.complete(place) },
            write: { _ in nil }, readAbsent: { _ in .some(nil) }, shape: .section, children: Written.documentation)

        /// The section as it stands in the file, where all three keys may be empty.
        private struct Written: ConfigurationSection {
            let verifyURL: BaseURL?
            let siteKey: String?
            let secretKey: Secret?

            static let documentation = [verify.documentation, site.documentation, secret.documentation]

            private static let verify = Key<BaseURL?>(
                "verify_url", .optional(.baseURL), default: .some(nil), "Where answers are checked.")
            private static let site = Key<String?>(
                "site_key", .optional(.string()), default: .some(nil), "The public key, shown by clients.")
            private static let secret = Key<Secret?>(
                "secret_key", .optional(.secret()), default: .some(nil), "The private key.")

            init?(from reader: SectionReader) {
                guard let (verify, site, secret) = reader.values(Self.verify, Self.site, Self.secret) else {
                    return nil
                }
                (verifyURL, siteKey, secretKey) = (verify, site, secret)
            }

            func complete(_ place: Place) -> Recaptcha?? {
                switch (verifyURL, siteKey, secretKey) {
                case (nil, nil, nil): return .some(nil)
                case (let verify?, let site?, let secret?):
                    return Recaptcha(verifyURL: verify, siteKey: site, secretKey: secret)
                default:
                    place.refuse("verify_url, site_key and secret_key are needed together")
                    return nil
                }
            }
        }
    }
}
