package import MatrixCore

/// The keys of a server: the one that signs, and those that it once signed with.
///
/// They stand in one file. Its first line is the key that signs, in the format of Synapse, so that a server can bring its
/// key along; the others are `expired <key id> <public key> <milliseconds since 1970>`. Of those only the public half is
/// kept: what was signed with them stays checkable, and nothing new can be signed.
package struct SigningKeyRing: Sendable, Equatable {
    package struct Expired: Sendable, Equatable {
        package let id: SigningKeyID
        package let publicKey: Ed25519PublicKey
        /// When it signed last.
        package let expiredMilliseconds: Int64
    }

    package let current: SigningKey
    /// The newest first.
    package let expired: [Expired]

    package init(current: SigningKey) {
        self.init(current: current, expired: [])
    }

    private init(current: SigningKey, expired: [Expired]) {
        self.current = current
        self.expired = expired
    }

    /// Reads a key file. `nil` when a line of it cannot be understood: a key that is left out would go unpublished.
    package init?(file text: String) {
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        guard let first = lines.first, let current = SigningKey(file: String(first)) else { return nil }
        var expired: [Expired] = []
        for line in lines.dropFirst() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 4, words[0] == Self.expiredWord, let id = SigningKeyID(String(words[1])),
                id.isServerKey,
                let publicKey = Ed25519PublicKey(base64: String(words[2])), let time = Int64(words[3]), time >= 0
            else { return nil }
            expired.append(Expired(id: id, publicKey: publicKey, expiredMilliseconds: time))
        }
        self.init(current: current, expired: expired)
    }

    /// What to write into a key file. Secret.
    package var fileText: String {
        let lines = expired.map { "\(Self.expiredWord) \($0.id) \($0.publicKey.base64) \($0.expiredMilliseconds)\n" }
        return current.fileText + lines.joined()
    }

    /// These keys after `next` has taken over. `nil` when the name of `next` was used before: names are for ever.
    package func rotated(to next: SigningKey, atMilliseconds now: Int64) -> SigningKeyRing? {
        guard next.id != current.id, !expired.contains(where: { $0.id == next.id }) else { return nil }
        let old = Expired(id: current.id, publicKey: current.publicKey, expiredMilliseconds: now)
        return SigningKeyRing(current: next, expired: [old] + expired)
    }

    package static func == (left: SigningKeyRing, right: SigningKeyRing) -> Bool {
        left.fileText == right.fileText
    }

    private static let expiredWord = "expired"
}
