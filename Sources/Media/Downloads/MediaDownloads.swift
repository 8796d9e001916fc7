package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// Which kind of path asks for a file.
package enum MediaAccess: Sendable {
    case authenticated
    /// A deprecated path, which asks for no access token. What came after they were frozen is not there for it.
    case unauthenticated
}

/// A file as it is on disk, with what is known of it.
package struct FoundMedia: Sendable {
    package let digest: ContentDigest
    package let type: MediaType
    package let name: FileName?
    package let bytes: Int64
    package let uri: MXCURI
}

/// Finds files by their address.
package final class MediaDownloads: Sendable {
    /// What a client may wait for content that is not there yet, and waits if it says nothing.
    package static let maxWaitMilliseconds = 60_000
    package static let usualWaitMilliseconds = 20_000
    /// The content may come through another worker: then only a look at the row tells.
    private static let lookAgainAfter = Duration.milliseconds(500)

    private let serverName: ServerName
    private let store: MediaStore
    private let folder: MediaFolder
    private let clock: any Clock
    private let log: Log
    private let isDraining = Atomic(false)

    package init(serverName: ServerName, store: MediaStore, folder: MediaFolder, telemetry: Telemetry) {
        self.serverName = serverName
        self.store = store
        self.folder = folder
        clock = telemetry.clock
        log = telemetry.log.labelled("media")
    }

    /// Ends the waits for content; called when the process begins to stop.
    package func drain() { isDraining.store(true, ordering: .relaxed) }

    /// Finds a file, and waits when its content is still to come.
    ///
    /// - Throws: 404 `M_NOT_FOUND`; 504 `M_NOT_YET_UPLOADED` when the wait was too short, and a retry may help.
    package func find(_ uri: MXCURI, by access: MediaAccess, waiting: Duration) async throws -> FoundMedia {
        let deadline = clock.monotonic + waiting
        while true {
            guard let record = try await record(of: uri, by: access) else { throw MatrixError.mediaNotFound }
            if let content = record.content {
                guard let digest = ContentDigest(content.digest) else { throw StorageError.corrupt("media.digest") }
                return FoundMedia(
                    digest: digest, type: MediaType(content.contentType),
                    name: content.fileName.map { FileName(stored: $0) }, bytes: content.bytes, uri: uri)
            }
            guard let expiresAt = record.unusedExpiresAt, expiresAt > clock.nowMilliseconds else {
                throw MatrixError.mediaNotFound
            }
            let left = deadline - clock.monotonic
            guard left > .zero, !isDraining.load(ordering: .relaxed) else {
                throw MatrixError(.notYetUploaded, "Content has not yet been uploaded")
            }
            try await clock.sleep(for: min(left, Self.lookAgainAfter))
        }
    }

    private func record(of uri: MXCURI, by access: MediaAccess) async throws -> MediaRecord? {
        guard uri.serverName == serverName, let record = try await store.find(uri.mediaID), !record.isQuarantined else {
            return nil
        }
        return access == .unauthenticated && record.requiresToken ? nil : record
    }

    /// The bytes of a file that was found.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when the disk does not have what the database promises, which the log tells loudly.
    package func content(of media: FoundMedia) async throws -> StoredFile {
        let file = try await folder.content(media.digest)
        if let file, file.bytes == media.bytes { return file }
        log.error(
            "a file is not on disk as it was uploaded",
            [
                .mediaID: media.uri.mediaID, .file: media.digest.hex,
                .cause: file.map { "\($0.bytes) bytes instead of \(media.bytes)" } ?? "missing",
            ])
        throw MatrixError.mediaNotFound
    }
}

extension MatrixError {
    static var mediaNotFound: MatrixError { .notFound("There is no such media") }
}
