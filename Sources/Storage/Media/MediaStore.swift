package import MatrixCore
package import Postgres

/// The rows of the content repository. What they say is on disk is there: the row is written last.
package struct MediaStore: Sendable {
    /// Ids without content that a user may have at a time.
    package static let maxPendingPerUser: Int64 = 20
    /// Expired ids that go in one statement.
    package static let maxDeletedAtOnce: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Records a file that is on disk.
    package func insert(
        _ mediaID: String, _ content: MediaRecord.Content, uploader: UserNID, requiresToken: Bool, now: Int64
    ) async throws {
        _ = try await pool.query(
            MediaStatements.insert, mediaID, uploader.rawValue, content.contentType, content.fileName, content.bytes,
            content.digest, requiresToken, now)
    }

    /// Makes an id whose content comes later.
    ///
    /// - Returns: false when the user has too many of them.
    package func create(
        _ mediaID: String, uploader: UserNID, requiresToken: Bool, now: Int64, expiresAt: Int64
    ) async throws -> Bool {
        let rows = try await pool.query(
            MediaStatements.create, mediaID, uploader.rawValue, requiresToken, now, expiresAt, Self.maxPendingPerUser)
        guard var row = rows.first else { throw StorageError.missing("create_media") }
        return try row.next(Bool.self)
    }

    /// Records the content of an id that was made before.
    ///
    /// - Returns: false when it has content already, is gone, or is somebody else's: then nothing changed.
    package func complete(_ mediaID: String, _ content: MediaRecord.Content, uploader: UserNID) async throws -> Bool {
        let rows = try await pool.query(
            MediaStatements.complete, mediaID, uploader.rawValue, content.contentType, content.fileName,
            content.bytes, content.digest)
        return rows.affectedRows == 1
    }

    package func find(_ mediaID: String) async throws -> MediaRecord? {
        guard var row = try await pool.query(MediaStatements.find, mediaID).first else { return nil }
        let mediaID = try row.next(String.self)
        let uploader = try row.next(Int64?.self).map { UserNID($0) }
        let contentType = try row.next(String?.self)
        let fileName = try row.next(String?.self)
        let bytes = try row.next(Int64?.self)
        let digest = try row.next([UInt8]?.self)
        var content: MediaRecord.Content?
        if let digest {
            guard let contentType, let bytes, bytes >= 0, digest.count == SHA256.byteCount else {
                throw StorageError.corrupt("media")
            }
            content = MediaRecord.Content(contentType: contentType, fileName: fileName, bytes: bytes, digest: digest)
        }
        return MediaRecord(
            mediaID: mediaID, uploader: uploader, content: content,
            unusedExpiresAt: try row.next(Int64?.self), isQuarantined: try row.next(Bool.self),
            requiresToken: try row.next(Bool.self))
    }

    /// Deletes ids that expired without content.
    ///
    /// - Returns: whether there may be more of them.
    package func deleteUnused(before: Int64) async throws -> Bool {
        let rows = try await pool.query(MediaStatements.deleteUnused, before, Self.maxDeletedAtOnce)
        return rows.affectedRows >= Int(Self.maxDeletedAtOnce)
    }
}
