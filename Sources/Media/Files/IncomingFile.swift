import Glibc
import MatrixCore
import NIOCore
import Synchronization

/// A file that is being written, under a name of its own until it is whole. Let go of before that, it vanishes.
final class IncomingFile: Sendable {
    private struct State: ~Copyable {
        var hash: SHA256.Stream
        var bytes: Int64 = 0
        var isKept = false
    }

    let path: String
    private let descriptor: CInt
    private let threads: FileThreads
    private let state: Mutex<State>

    /// - Parameter path: of a file that does not exist yet. Blocks.
    init(creating path: String, threads: FileThreads) throws {
        let hash = try SHA256.Stream()
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError("open", path) }
        self.path = path
        self.threads = threads
        state = Mutex(State(hash: hash))
    }

    deinit {
        let (descriptor, path, isKept) = (descriptor, path, state.withLock { $0.isKept })
        // Freeing the blocks of a large file takes a while, and the request may be cancelled.
        threads.runLater {
            close(descriptor)
            if !isKept { unlink(path) }
        }
    }

    /// Appends bytes. Blocks.
    func write(_ buffer: ByteBuffer) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw FileError("write", path)
                }
                rest = rest.dropFirst(written)
            }
        }
        state.withLock { state in
            buffer.withUnsafeReadableBytes { state.hash.update($0) }
            state.bytes += Int64(buffer.readableBytes)
        }
    }

    /// What was written, when all of it is on the disk. Blocks; called once, after the last write.
    func finish() throws -> (digest: ContentDigest, bytes: Int64) {
        guard fsync(descriptor) == 0 else { throw FileError("fsync", path) }
        let (hash, bytes) = try state.withLock { state in (try state.hash.finish(), state.bytes) }
        guard let digest = ContentDigest(hash) else { throw CryptographyError.outOfResources }
        return (digest, bytes)
    }

    /// Gives the file the name under which it is found. Blocks.
    func move(to place: String) throws {
        try Directories.make(Directories.parent(of: place))
        guard rename(path, place) == 0 else { throw FileError("rename", place) }
        state.withLock { $0.isKept = true }
        try Directories.synchronize(Directories.parent(of: place))
    }
}
