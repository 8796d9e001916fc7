package import MatrixCore

/// What is known of a piece of media of this server.
package struct MediaRecord: Sendable, Hashable {
    /// What was uploaded.
    package struct Content: Sendable, Hashable {
        /// As the uploader said, checked for form only.
        package let contentType: String
        package let fileName: String?
        package let bytes: Int64
        /// SHA-256; it also names the file on disk.
        package let digest: [UInt8]

        package init(contentType: String, fileName: String?, bytes: Int64, digest: [UInt8]) {
            self.contentType = contentType
            self.fileName = fileName
            self.bytes = bytes
            self.digest = digest
        }
    }

    package let mediaID: String
    package let uploader: UserNID?
    /// `nil` for an id that was made before its content.
    package let content: Content?
    /// Milliseconds since 1970. Without content until then, the id is worth nothing any more.
    package let unusedExpiresAt: Int64?
    package let isQuarantined: Bool
    /// Whether it is kept from the deprecated paths, which ask for no access token.
    package let requiresToken: Bool
}
