import Glibc

/// A system call on a file failed.
struct FileError: Error, CustomStringConvertible {
    let operation: StaticString
    let path: String
    let code: Int32

    init(_ operation: StaticString, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}
