import ArgumentParser
import Glibc

/// The terminal of whoever runs a command: answers on standard output, what went wrong on standard error.
enum Console {
    static func say(_ text: String) {
        print(text)
    }

    /// Writes a file that the command prints, which ends its last line itself.
    static func write(_ text: String) {
        print(text, terminator: "")
    }

    static func complain(_ text: String) {
        // Not through a buffer: what is said stands before the process ends. A closed terminal is nobody's to tell.
        let line = Array("\(text)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }

    /// Runs what a command does; what an operator can do something about is said in words, and ends it with status 1.
    static func orFailure(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let failure as StartFailure {
            complain(failure.description)
            throw ExitCode.failure
        }
    }
}
