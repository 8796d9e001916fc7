import Glibc

/// Passwords from whoever runs a command. They are never arguments: those stand in every list of processes.
enum PasswordInput {
    /// Far above what anybody types; a file that is no password does not fill the memory.
    private static let longest = 1024

    /// The first line of standard input.
    static func line() throws(StartFailure) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count <= longest {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            guard count > 0, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard bytes.count <= longest, let text = String(validating: bytes, as: UTF8.self) else {
            throw StartFailure("the password is not text of at most \(longest) bytes")
        }
        guard !text.isEmpty else { throw StartFailure("the password is empty") }
        return text
    }

    /// Asks twice, and does not show what is typed.
    static func ask() throws(StartFailure) -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            throw StartFailure("there is no terminal to ask for the password; use --password-stdin")
        }
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) }
        Console.prompt("Password: ")
        let first = try line()
        Console.prompt("\nThe same again: ")
        let second = try line()
        Console.prompt("\n")
        guard first == second else { throw StartFailure("these were two different passwords") }
        return first
    }
}
