/// A piece of media: `mxc://server/media`.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#matrix-content-mxc-uris
package struct MXCURI: MatrixIdentifier {
    private static let scheme = "mxc://"

    package let description: String
    package let serverName: ServerName
    /// Letters, digits, minus and underscore: it may stand in a path of files without thought.
    package let mediaID: String

    package init?(_ text: String) {
        guard text.utf8.starts(with: Self.scheme.utf8) else { return nil }
        // Bytes, not characters: an accent after a slash would make another character of it.
        let parts = text.utf8.dropFirst(Self.scheme.utf8.count)
            .split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 2, let serverName = ServerName(String(Substring(parts[0]))) else { return nil }
        self.init(serverName: serverName, mediaID: String(Substring(parts[1])))
    }

    package init?(serverName: ServerName, mediaID: String) {
        guard Self.isMediaID(mediaID) else { return nil }
        self.serverName = serverName
        self.mediaID = mediaID
        description = "\(Self.scheme)\(serverName)/\(mediaID)"
    }

    package static func isMediaID(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= IdentifierGrammar.longest
            && bytes.allSatisfy(IdentifierGrammar.isURLSafeBase64)
    }
}
