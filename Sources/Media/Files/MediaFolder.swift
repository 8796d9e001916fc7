import Glibc
package import HTTPAPI
import NIOCore
package import Telemetry

/// The folder of the files, which all media workers share.
///
/// - `incoming`: what is being written.
/// - `content`: whole files, named by the SHA-256 of what is in them, so that equal uploads are one file, and no two writers
///   ever disagree about a name.
/// - `thumbnails`: a folder for each picture, named like it.
///
/// A name on disk is made of digests and numbers alone: nothing that came over the wire is part of a path.
package struct MediaFolder: Sendable {
    /// What is gathered of an upload before it is handed to a thread.
    private static let writeBytes = 128 << 10
    /// What is left in `incoming` for so long belongs to a process that died.
    private static let abandonedAfter = Duration.seconds(24 * 60 * 60)
    private static let maxSwept = 10_000

    let root: String
    private let threads: FileThreads
    private let random: any RandomSource

    /// Makes the folder where it is missing.
    package static func open(_ root: String, threads: FileThreads, random: any RandomSource) async throws -> MediaFolder
    {
        let folder = MediaFolder(root: root, threads: threads, random: random)
        try await threads.run {
            for name in ["incoming", "content", "thumbnails"] { try Directories.make("\(root)/\(name)") }
        }
        return folder
    }

    // MARK: Whole files

    /// Writes a body to disk, where it is when this returns, even if the power fails.
    ///
    /// - Throws: `M_TOO_LARGE` when it is longer than `maximumBytes`.
    package func keep(
        _ body: BodyStream, maximumBytes: Int
    ) async throws -> (digest: ContentDigest, bytes: Int64) {
        let file = try await newFile()
        var gathered = ByteBuffer()
        for try await chunk in body.limited(to: maximumBytes) {
            gathered.writeImmutableBuffer(chunk)
            guard gathered.readableBytes >= Self.writeBytes else { continue }
            let full = gathered
            gathered = ByteBuffer()
            try await threads.run { try file.write(full) }
        }
        let last = gathered
        return try await threads.run { [root] in
            if last.readableBytes > 0 { try file.write(last) }
            let (digest, bytes) = try file.finish()
            try file.move(to: "\(root)/content/\(digest.path)")
            return (digest, bytes)
        }
    }

    /// The file of that content; nil when there is none.
    package func content(_ digest: ContentDigest) async throws -> StoredFile? {
        try await open("\(root)/content/\(digest.path)")
    }

    // MARK: Thumbnails

    /// - Parameter name: made by us of sizes and methods.
    func thumbnail(_ name: String, of digest: ContentDigest) async throws -> StoredFile? {
        try await open("\(root)/thumbnails/\(digest.path)/\(name)")
    }

    func keepThumbnail(_ picture: ByteBuffer, _ name: String, of digest: ContentDigest) async throws {
        let file = try await newFile()
        try await threads.run { [root] in
            try file.write(picture)
            _ = try file.finish()
            try file.move(to: "\(root)/thumbnails/\(digest.path)/\(name)")
        }
    }

    // MARK: Upkeep

    /// Removes what processes that died have left unfinished.
    package func sweep(now: Int64) async throws {
        let before = now - Self.abandonedAfter.wholeMilliseconds
        try await threads.run { [root] in
            for name in try Directories.names(in: "\(root)/incoming", limit: Self.maxSwept) {
                var status = stat()
                let path = "\(root)/incoming/\(name)"
                guard stat(path, &status) == 0, Int64(status.st_mtim.tv_sec) * 1000 < before else { continue }
                unlink(path)
            }
        }
    }

    private func newFile() async throws -> IncomingFile {
        let path = "\(root)/incoming/\(random.token(length: 32))"
        return try await threads.run { [threads] in try IncomingFile(creating: path, threads: threads) }
    }

    private func open(_ path: String) async throws -> StoredFile? {
        try await threads.run { [threads] in try StoredFile.open(path, threads: threads) }
    }
}
