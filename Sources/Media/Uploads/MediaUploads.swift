package import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// A file as a client sends it.
package struct UploadedContent: Sendable {
    package let body: BodyStream
    package let announcedBytes: Int?
    package let type: MediaType
    package let name: FileName?

    package init(body: BodyStream, announcedBytes: Int?, type: MediaType, name: FileName?) {
        self.body = body
        self.announcedBytes = announcedBytes
        self.type = type
        self.name = name
    }
}

/// Takes files from the users of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#content-repository
package struct MediaUploads: Sendable {
    /// 24 letters and digits are 142 bits: the address of a file is what protects it on the deprecated paths.
    private static let mediaIDLength = 24
    /// How long an id waits for its content.
    private static let pendingLifetime = Duration.seconds(24 * 60 * 60)
    /// What who has too many ids without content is told to wait.
    private static let pendingRetryAfter = Duration.seconds(60)

    /// The largest file that is taken.
    package let maxBytes: Int
    private let serverName: ServerName
    private let requiresToken: Bool
    private let store: MediaStore
    private let folder: MediaFolder
    private let clock: any Clock
    private let random: any RandomSource

    /// - Parameter requiresToken: whether what comes from now on is kept from the deprecated paths.
    package init(
        serverName: ServerName, maxBytes: Int, requiresToken: Bool, store: MediaStore, folder: MediaFolder,
        telemetry: Telemetry
    ) {
        self.serverName = serverName
        self.maxBytes = maxBytes
        self.requiresToken = requiresToken
        self.store = store
        self.folder = folder
        clock = telemetry.clock
        random = telemetry.random
    }

    /// Takes a file, and gives it an address.
    ///
    /// - Throws: 403 `M_USER_SUSPENDED`; 413 `M_TOO_LARGE`, without reading when the length was announced.
    package func upload(_ content: UploadedContent, by user: LocalUser) async throws -> MXCURI {
        try check(user)
        let uri = try newURI()
        let stored = try await keep(content)
        try await store.insert(
            uri.mediaID, stored, uploader: user.userNID, requiresToken: requiresToken, now: clock.nowMilliseconds)
        return uri
    }

    /// Makes an address whose content comes later.
    ///
    /// - Returns: when the address ends unless there is content, in milliseconds since 1970.
    /// - Throws: 403 `M_USER_SUSPENDED`; 429 `M_LIMIT_EXCEEDED` when the user has too many without content.
    package func create(by user: LocalUser) async throws -> (uri: MXCURI, expiresAt: Int64) {
        try check(user)
        let uri = try newURI()
        let now = clock.nowMilliseconds
        let expiresAt = now + Self.pendingLifetime.wholeMilliseconds
        guard
            try await store.create(
                uri.mediaID, uploader: user.userNID, requiresToken: requiresToken, now: now, expiresAt: expiresAt)
        else { throw MatrixError.limitExceeded(retryAfter: Self.pendingRetryAfter) }
        return (uri, expiresAt)
    }

    /// Takes the content of an address that was made before.
    ///
    /// - Throws: 404 `M_NOT_FOUND` for an address that is unknown or has ended, 403 `M_FORBIDDEN` for somebody else's, 409
    ///   `M_CANNOT_OVERWRITE_MEDIA` when there is content already; and as `upload`.
    package func upload(_ content: UploadedContent, to uri: MXCURI, by user: LocalUser) async throws {
        try check(user)
        guard try await isOpen(uri, to: user) else { throw MatrixError.cannotOverwriteMedia }
        let stored = try await keep(content)
        if try await store.complete(uri.mediaID, stored, uploader: user.userNID) { return }
        // Meanwhile somebody was faster, or it has ended, which the second look says.
        _ = try await isOpen(uri, to: user)
        throw MatrixError.cannotOverwriteMedia
    }

    private func isOpen(_ uri: MXCURI, to user: LocalUser) async throws -> Bool {
        guard uri.serverName == serverName, let record = try await store.find(uri.mediaID) else {
            throw MatrixError.notFound("Unknown media id")
        }
        guard record.uploader == user.userNID else {
            throw MatrixError.forbidden("Only who created this media id may upload its content")
        }
        guard record.content == nil else { return false }
        guard let expiresAt = record.unusedExpiresAt, expiresAt > clock.nowMilliseconds else {
            throw MatrixError.notFound("This media id has expired")
        }
        return true
    }

    private func keep(_ content: UploadedContent) async throws -> MediaRecord.Content {
        if let announced = content.announcedBytes, announced > maxBytes { throw MatrixError.uploadTooLarge(maxBytes) }
        do {
            let (digest, bytes) = try await folder.keep(content.body, maximumBytes: maxBytes)
            return MediaRecord.Content(
                contentType: content.type.description, fileName: content.name?.description, bytes: bytes,
                digest: digest.bytes)
        } catch let error as MatrixError where error.errcode == .tooLarge {
            throw MatrixError.uploadTooLarge(maxBytes)
        }
    }

    /// Suspended users read, and bring nothing new into the world.
    private func check(_ user: LocalUser) throws(MatrixError) {
        if user.isSuspended {
            throw MatrixError(.userSuspended, "You cannot perform this action while suspended.")
        }
    }

    private func newURI() throws -> MXCURI {
        let mediaID = random.token(length: Self.mediaIDLength)
        guard let uri = MXCURI(serverName: serverName, mediaID: mediaID) else { throw MatrixError.internalError }
        return uri
    }
}

extension MatrixError {
    fileprivate static func uploadTooLarge(_ maxBytes: Int) -> MatrixError {
        MatrixError(.tooLarge, "Cannot upload files larger than \(maxBytes) bytes")
    }

    fileprivate static var cannotOverwriteMedia: MatrixError {
        MatrixError(.cannotOverwriteMedia, "Media already uploaded")
    }
}
