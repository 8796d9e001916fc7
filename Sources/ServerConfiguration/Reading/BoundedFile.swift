import Glibc

/// Why a file could not be read.
struct FileProblem: Error, Equatable {
    let message: String
}

/// Reads whole files of a known greatest size.
enum BoundedFile {
    /// A configuration, or a secret, that is larger was not meant to be one.
    static let sizeLimit = 1 << 20

    /// The bytes of a regular file (or a pipe, as `/dev/stdin` may be one) of at most `sizeLimit` bytes.
    static func read(_ path: String) throws(FileProblem) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw FileProblem(message: "the path holds a zero byte") }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("look at") }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw FileProblem(message: "it is a directory") }

        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            if count == 0 { return bytes }
            guard bytes.count + count <= sizeLimit else {
                throw FileProblem(message: "it is larger than \(sizeLimit) bytes")
            }
            bytes += chunk[..<count]
        }
    }

    private static func failure(_ step: String) -> FileProblem {
        FileProblem(message: "cannot \(step) it: \(String(cString: strerror(errno)))")
    }
}
