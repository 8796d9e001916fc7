import Glibc

/// Lines of standard input, and lines to standard output, without buffers that other threads could share.
struct StandardStreams {
    private static let chunk = 65_536
    private var pending: [UInt8] = []
    /// Up to where `pending` has no end of a line.
    private var searched = 0

    /// The next line without its end, or `nil` at the end of the input.
    mutating func nextLine() -> [UInt8]? {
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(pending[..<end])
                pending.removeSubrange(...end)
                searched = 0
                return line
            }
            searched = pending.count
            var buffer = [UInt8](repeating: 0, count: Self.chunk)
            let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return nil }
            pending += buffer[..<count]
        }
    }

    /// `false` when nobody reads any more.
    func writeLine(_ line: [UInt8]) -> Bool {
        var rest = (line + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
