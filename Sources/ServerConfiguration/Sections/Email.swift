extension ServerConfiguration {
    /// How mail leaves. Without it nobody can add or use an e-mail address.
    package struct Email: ConfigurationSection {
        package let smtp: ListenAddress
        /// The sender: `Apus <noreply@example.com>`.
        package let from: String

        static let documentation = [smtpKey.documentation, fromKey.documentation]

        private static let smtpKey = Key<ListenAddress>(
            "smtp", .address, example: #""127.0.0.1:25""#, "The mail server that takes our mail.")
        private static let fromKey = Key(
            "from", .string("a sender like Apus <noreply@example.com>"), example: #""Apus <noreply@example.com>""#,
            "Whom the mail is from.")

        init?(from reader: SectionReader) {
            guard let (smtp, from) = reader.values(Self.smtpKey, Self.fromKey) else { return nil }
            guard from.contains("@"), !from.contains(where: \.isNewline), from.utf8.count <= 320 else {
                reader.refuse("from", "expected a sender like Apus <noreply@example.com>")
                return nil
            }
            (self.smtp, self.from) = (smtp, from)
        }
    }
}
