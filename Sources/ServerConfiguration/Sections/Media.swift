extension ServerConfiguration {
    package struct Media: ConfigurationSection {
        /// The folder of the files.
        package let path: String
        package let maxUploadBytes: Int
        /// Whether what comes from now on is served on the deprecated paths, to whoever asks.
        package let allowsUnauthenticatedDownloads: Bool
        package let previewsURLs: Bool

        static let documentation = [
            pathKey.documentation, maxUpload.documentation, unauthenticated.documentation, previews.documentation,
        ]

        /// Eight gibibytes: more than any client uploads in one request.
        private static let uploadCeiling = 8 << 30

        private static let pathKey = Key(
            "path", .path, default: "data/media", "The folder that holds the files. Media workers share it.")
        private static let maxUpload = Key(
            "max_upload_bytes", .integer(1...uploadCeiling), default: 50 << 20, unit: "bytes",
            "The largest file that may be uploaded, and the largest that is fetched from other servers.")
        private static let unauthenticated = Key(
            "unauthenticated_downloads", .flag, default: false,
            "Whether files that are uploaded from now on may be fetched without an access token, over the deprecated "
                + "paths, by whoever knows their address. Some older clients and bridges need it.")
        private static let previews = Key(
            "url_previews", .flag, default: false, "Whether pages that users link to are fetched for a preview.")

        init?(from reader: SectionReader) {
            guard
                let (path, maxUpload, unauthenticated, previews) = reader.values(
                    Self.pathKey, Self.maxUpload, Self.unauthenticated, Self.previews)
            else { return nil }
            (self.path, maxUploadBytes) = (path, maxUpload)
            (allowsUnauthenticatedDownloads, previewsURLs) = (unauthenticated, previews)
        }
    }
}
