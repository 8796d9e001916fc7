package import MatrixCore

/// Who we are to the federation: our name and the key that signs for it.
package struct LocalServer: Sendable {
    package let name: ServerName
    package let signingKey: SigningKey

    package init(name: ServerName, signingKey: SigningKey) {
        self.name = name
        self.signingKey = signingKey
    }

    package func owns(_ user: UserID) -> Bool { user.serverName == name }
}
