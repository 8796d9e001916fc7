import ArgumentParser
import Glibc
import MatrixCore

/// The terminal of whoever runs a command: answers on standard output, what went wrong on standard error.
enum Console {
    static func say(_ text: String) {
        print(text)
    }

    /// Writes a file that the command prints, which ends its last line itself.
    static func write(_ text: String) {
        print(text, terminator: "")
    }

    /// Asks something; the answer is typed behind it.
    static func prompt(_ text: String) {
        // Not through a buffer: what is said stands before the process ends. A closed terminal is nobody's to tell.
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    static func complain(_ text: String) {
        prompt("\(text)\n")
    }

    /// Runs what a command does; what an operator can do something about is said in words, and ends it with status 1.
    static func orFailure(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as StartFailure {
            complain(failure.description)
            throw ExitCode.failure
        } catch let refusal as MatrixError {
            complain(refusal.message)
            throw ExitCode.failure
        }
    }
}
