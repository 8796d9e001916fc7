package import MatrixCore

extension ServerConfiguration {
    /// Whom people turn to when something is wrong with this server.
    package struct Support: ConfigurationSection {
        package let contacts: [Contact]
        /// A page with help.
        package let page: String?

        static let documentation = [contactsKey.documentation, pageKey.documentation]

        private static let contactsKey = Key<[Contact]>(
            "contacts", .list(of: .section, limit: 32), default: [],
            example: #"# - {role: m.role.admin, matrix_id: "@admin:example.com", email_address: admin@example.com}"#,
            "The people who run this server.")
        private static let pageKey = Key<String?>(
            "page", .optional(.webPage), default: .some(nil), "A page with help for the users of this server.")

        init?(from reader: SectionReader) {
            guard let (contacts, page) = reader.values(Self.contactsKey, Self.pageKey) else { return nil }
            (self.contacts, self.page) = (contacts, page)
        }

        /// Somebody who runs this server.
        package struct Contact: ConfigurationSection {
            /// `m.role.admin`, `m.role.security`, or a name of one's own.
            package let role: String
            package let userID: UserID?
            package let emailAddress: String?

            static let documentation = [
                roleKey.documentation, userIDKey.documentation, emailAddressKey.documentation,
            ]

            private static let roleKey = Key<String>(
                "role", .role, default: "m.role.admin",
                "What they are to be asked: m.role.admin for everything, m.role.security for what is nobody else's business."
            )
            private static let userIDKey = Key<UserID?>(
                "matrix_id", .optional(.userID), default: .some(nil),
                "Their Matrix id; on another server they can be reached when this one is down.")
            private static let emailAddressKey = Key<String?>(
                "email_address", .optional(.emailAddress), default: .some(nil), "Their e-mail address.")

            init?(from reader: SectionReader) {
                guard
                    let (role, userID, emailAddress) = reader.values(
                        Self.roleKey, Self.userIDKey, Self.emailAddressKey)
                else { return nil }
                guard userID != nil || emailAddress != nil else {
                    reader.refuse("matrix_id", "either this or email_address is needed")
                    return nil
                }
                (self.role, self.userID, self.emailAddress) = (role, userID, emailAddress)
            }
        }
    }

    /// A policy server that has this server's name.
    package struct PolicyServer: ConfigurationSection {
        /// The key with which it signs, in base64; `nil` when there is none.
        package let ed25519: String?

        static let documentation = [ed25519Key.documentation]

        private static let ed25519Key = Key<String?>(
            "ed25519", .optional(.ed25519Key), default: .some(nil),
            "The key with which it signs events, so that rooms can name it. Empty: there is none.")

        init?(from reader: SectionReader) {
            guard let key = reader.value(Self.ed25519Key) else { return nil }
            ed25519 = key
        }
    }
}

extension ValueType where Value == UserID {
    fileprivate static var userID: ValueType { text("a Matrix id like @admin:example.com") { UserID($0) } }
}

extension ValueType where Value == String {
    fileprivate static var role: ValueType {
        text("a role like m.role.admin") { OpaqueIdentifier.isNamespaced($0) ? $0 : nil }
    }

    fileprivate static var emailAddress: ValueType {
        text("an e-mail address") { text in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            let isGood = parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 320
            return isGood && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } ? text : nil
        }
    }

    fileprivate static var webPage: ValueType {
        text("an http or https URL") { text in
            let schemes = ["https://", "http://"]
            return schemes.contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
                && text.utf8.count <= BaseURL.lengthLimit && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                ? text : nil
        }
    }

    fileprivate static var ed25519Key: ValueType {
        text("an Ed25519 public key in base64") { Base64.decode($0)?.count == 32 ? $0 : nil }
    }
}
