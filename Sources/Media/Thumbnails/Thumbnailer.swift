import CVips
import MatrixCore
import NIOCore
import NIOPosix
import Synchronization

/// Makes pictures smaller, on two threads of its own: it takes tens of milliseconds of a processor and megabytes of memory.
package final class Thumbnailer: Sendable {
    /// Pictures under work at a time. Each may take `PictureFacts.maxDecodedBytes`.
    private static let threadCount = 2
    /// Pictures that may wait for a thread; beyond that callers are told to come back.
    package static let maxWaiting = 64
    /// What a caller that is sent away is told to wait.
    private static let retryAfter = Duration.seconds(2)

    private let threads = NIOThreadPool(numberOfThreads: Thumbnailer.threadCount)
    private let waiting = Mutex(0)

    /// Starts the threads. `shutdown` must be called at the end.
    package init() { threads.start() }

    package func shutdown() async { try? await threads.shutdownGracefully() }

    /// Makes a thumbnail of a picture.
    ///
    /// - Throws: 400 `M_UNKNOWN` when it is no picture that can be read, 413 `M_TOO_LARGE` when it has too many points,
    ///   429 `M_LIMIT_EXCEEDED` when too many wait.
    func make(_ size: ThumbnailSize, of path: String, in format: PictureFormat) async throws -> ByteBuffer {
        let isAdmitted = waiting.withLock { count in
            guard count < Self.maxWaiting + Self.threadCount else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
        defer { waiting.withLock { $0 -= 1 } }
        return try await threads.runIfActive { try Self.draw(size, path, format) }
    }

    private static func draw(_ size: ThumbnailSize, _ path: String, _ format: PictureFormat) throws -> ByteBuffer {
        var raw = cvips_facts()
        try check(cvips_inspect(path, format.libraryFormat, &raw))
        let facts = PictureFacts(raw)
        guard facts.mayBeDecoded(frames: 1) else { throw MatrixError.pictureTooLarge }
        let isAnimated = size.isAnimated && facts.frames > 1 && facts.mayBeDecoded(frames: facts.frames)
        var output = cvips_output()
        try path.withCString { path in
            var request = cvips_request(
                path: path, format: format.libraryFormat, width: Int32(size.box.width), height: Int32(size.box.height),
                crop: size.method == .crop, animated: isAnimated,
                lossless: format.isLossless && facts.fits(into: size.box))
            try check(cvips_thumbnail(&request, &output))
        }
        defer { cvips_release(output.bytes) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: output.bytes, count: output.length))
    }

    private static func check(_ outcome: cvips_outcome) throws {
        switch outcome {
        case CVIPS_DONE: return
        case CVIPS_NOT_A_PICTURE: throw MatrixError.noThumbnail
        default: throw ThumbnailerUnavailable()
        }
    }
}

/// The library that reads pictures does not start: an error of the installation.
struct ThumbnailerUnavailable: Error {}

extension MatrixError {
    static var noThumbnail: MatrixError {
        MatrixError(.unknown, "Cannot generate thumbnails for the requested content", status: 400)
    }

    static var pictureTooLarge: MatrixError { MatrixError(.tooLarge, "Content is too large to thumbnail") }
}
