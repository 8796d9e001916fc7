import Cluster
import MatrixCore
import NIOCore

/// A thumbnail as it is sent.
package struct Thumbnail: Sendable {
    package let file: StoredFile
    package let type: MediaType
    /// Tells it from every other thumbnail of every picture.
    package let tag: String
    package var name: String { "thumbnail.\(type.essence.dropFirst("image/".count))" }
}

/// Smaller versions of pictures, made when they are first asked for, and kept.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#thumbnails
package struct Thumbnails: Sendable {
    /// Thumbnails that are being made or wait for it; the thumbnailer's own line is shorter.
    private static let maxFlights = 256
    private static let retryAfter = Duration.seconds(5)

    private struct Key: Hashable {
        let digest: ContentDigest
        let size: ThumbnailSize
    }

    private let downloads: MediaDownloads
    private let folder: MediaFolder
    private let thumbnailer: Thumbnailer
    /// Each is made once for all who want it at the same time.
    private let flights = Flights<Key, Void>(atMost: maxFlights)

    package init(downloads: MediaDownloads, folder: MediaFolder, thumbnailer: Thumbnailer) {
        self.downloads = downloads
        self.folder = folder
        self.thumbnailer = thumbnailer
    }

    /// The thumbnail of a file that was found.
    ///
    /// - Throws: 400 `M_UNKNOWN` when it is no picture, 413 `M_TOO_LARGE`, 429 `M_LIMIT_EXCEEDED`, 404 `M_NOT_FOUND`.
    package func thumbnail(_ wish: ThumbnailWish, of media: FoundMedia) async throws -> Thumbnail {
        let size = wish.size
        if let kept = try await kept(size, media.digest) { return kept }
        do {
            try await flights.join(Key(digest: media.digest, size: size)) { try await make(size, of: media) }
        } catch is Flights<Key, Void>.Refusal {
            throw MatrixError.limitExceeded(retryAfter: Self.retryAfter)
        }
        guard let made = try await kept(size, media.digest) else { throw MatrixError.mediaNotFound }
        return made
    }

    private func make(_ size: ThumbnailSize, of media: FoundMedia) async throws {
        // Whoever was at it before us may have ended between our look and our turn.
        guard try await folder.thumbnail(size.name, of: media.digest) == nil else { return }
        let original = try await downloads.content(of: media)
        guard let format = try await format(of: original) else { throw MatrixError.noThumbnail }
        let picture = try await thumbnailer.make(size, of: original.path, in: format)
        try await folder.keepThumbnail(picture, size.name, of: media.digest)
    }

    private func kept(_ size: ThumbnailSize, _ digest: ContentDigest) async throws -> Thumbnail? {
        guard let file = try await folder.thumbnail(size.name, of: digest),
            let type = try await format(of: file)?.thumbnailType
        else { return nil }
        return Thumbnail(file: file, type: MediaType(type), tag: "\(digest.hex)-\(size.name)")
    }

    private func format(of file: StoredFile) async throws -> PictureFormat? {
        guard file.bytes >= Int64(PictureFormat.prefixBytes) else { return nil }
        return PictureFormat(prefix: try await file.read(from: 0, count: PictureFormat.prefixBytes))
    }
}
