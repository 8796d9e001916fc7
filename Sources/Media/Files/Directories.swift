import Glibc

/// Directories, made so that they outlive a power cut. Everything here blocks.
enum Directories {
    /// The files are private to the server.
    private static let mode: mode_t = 0o700

    /// Makes a directory and those above it that are missing.
    static func make(_ path: String) throws(FileError) {
        if mkdir(path, mode) == 0 { return try synchronize(parent(of: path)) }
        switch errno {
        case EEXIST: return
        case ENOENT:
            try make(parent(of: path))
            // Somebody else may make it at the same time.
            guard mkdir(path, mode) == 0 || errno == EEXIST else { throw FileError("mkdir", path) }
            try synchronize(parent(of: path))
        default: throw FileError("mkdir", path)
        }
    }

    /// What was renamed into a directory is only then there for good.
    static func synchronize(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path) }
        defer { close(descriptor) }
        // File systems that cannot do it for directories need it for none.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileError("fsync", path) }
    }

    /// The names in a directory, at most `limit` of them.
    static func names(in path: String, limit: Int) throws(FileError) -> [String] {
        guard let directory = opendir(path) else { throw FileError("opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
