import Glibc
package import HTTPAPI
package import NIOCore

/// An open file that no longer changes. It is closed when nobody holds it any more.
package final class StoredFile: Sendable {
    /// What is read at once, and so what one transfer holds in memory.
    package static let chunkBytes = 128 << 10

    package let bytes: Int64
    let path: String
    private let descriptor: CInt
    private let threads: FileThreads

    /// Blocks.
    ///
    /// - Returns: nil when there is no such file.
    static func open(_ path: String, threads: FileThreads) throws(FileError) -> StoredFile? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("open", path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = FileError("fstat", path)
            close(descriptor)
            throw error
        }
        return StoredFile(descriptor: descriptor, bytes: Int64(status.st_size), path: path, threads: threads)
    }

    private init(descriptor: CInt, bytes: Int64, path: String, threads: FileThreads) {
        self.descriptor = descriptor
        self.bytes = bytes
        self.path = path
        self.threads = threads
    }

    deinit { close(descriptor) }

    /// A part of the file.
    ///
    /// - Throws: when the file is shorter.
    package func read(from offset: Int64, count: Int) async throws -> ByteBuffer {
        try await threads.run { [self] in
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            var position = offset
            while buffer.readableBytes < count {
                let wanted = count - buffer.readableBytes
                var got = 0
                buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
                    got = pread(descriptor, bytes.baseAddress, wanted, off_t(position))
                    return max(0, got)
                }
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { throw FileError("read", path, code: got < 0 ? errno : ENODATA) }
                position += Int64(got)
            }
            return buffer
        }
    }

    /// A part of the file as an answer: whole when it is small, else read while it is sent.
    package func body(_ range: Range<Int64>) async throws -> ServerResponse.Body {
        if range.count <= Self.chunkBytes {
            return .buffer(try await read(from: range.lowerBound, count: range.count))
        }
        return .stream(BodyStream(Chunks(file: self, range: range)), length: range.count)
    }

    private struct Chunks: AsyncSequence, Sendable {
        typealias Failure = any Error
        let file: StoredFile
        let range: Range<Int64>

        func makeAsyncIterator() -> Iterator { Iterator(file: file, rest: range) }

        struct Iterator: AsyncIteratorProtocol {
            let file: StoredFile
            var rest: Range<Int64>

            mutating func next() async throws -> ByteBuffer? {
                guard !rest.isEmpty else { return nil }
                let count = Int(Swift.min(Int64(StoredFile.chunkBytes), rest.upperBound - rest.lowerBound))
                let chunk = try await file.read(from: rest.lowerBound, count: count)
                rest = rest.lowerBound + Int64(count)..<rest.upperBound
                return chunk
            }
        }
    }
}
