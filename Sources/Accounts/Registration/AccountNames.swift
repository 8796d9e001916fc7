package import MatrixCore

/// The names of our accounts.
package struct AccountNames: Sendable {
    package let serverName: ServerName

    package init(serverName: ServerName) { self.serverName = serverName }

    package func isLocal(_ userID: UserID) -> Bool { userID.serverName == serverName }

    /// The user id for a name that somebody wants to register. Capitals become small letters.
    ///
    /// - Throws: `M_INVALID_USERNAME` when the grammar for new users does not allow it.
    /// - Spec: https://spec.matrix.org/v1.19/appendices/#user-identifiers
    package func userID(registering username: String) throws(MatrixError) -> UserID {
        let localpart = Self.lowercased(username)
        guard UserID.isStrictLocalpart(localpart), let userID = UserID(localpart: localpart, serverName: serverName)
        else {
            throw MatrixError(
                .invalidUsername, "A user name consists of the letters a-z, digits, and any of . _ = - / +")
        }
        return userID
    }

    /// The local user that somebody means who logs in: a user id of ours, or a localpart; `nil` for anything else.
    package func resolve(_ text: String) -> UserID? {
        if text.hasPrefix("@") {
            guard let userID = UserID(text), isLocal(userID) else { return nil }
            return UserID(localpart: Self.lowercased(userID.localpart), serverName: serverName)
        }
        return UserID(localpart: Self.lowercased(text), serverName: serverName)
    }

    /// Only ASCII: what other letters there are is refused by the grammar.
    private static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
