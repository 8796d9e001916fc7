/// Something wrong in a configuration file, and where.
package struct Mistake: Error, Equatable, Sendable {
    /// The line it stands on, from 1; 0 when it concerns the file as a whole.
    package let line: Int
    /// The key it concerns, from the top of the file: `database.pool_size`. Empty for the file as a whole.
    package let key: String
    package let message: String

    package init(line: Int, key: String, message: String) {
        self.line = line
        self.key = key
        self.message = message
    }
}

/// Everything that is wrong in a configuration file, in the order of its lines.
///
/// All of it is reported at once, so that a file is put right in one go and not by one restart for each mistake.
package struct ConfigurationMistakes: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    package let mistakes: [Mistake]

    package init(file: String, mistakes: [Mistake]) {
        self.file = file
        self.mistakes = mistakes.enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element)
    }

    /// One line for each mistake, as compilers write them: `file:line: key: message`.
    package var description: String {
        mistakes.map { mistake in
            let place = mistake.line > 0 ? "\(file):\(mistake.line)" : file
            return mistake.key.isEmpty ? "\(place): \(mistake.message)" : "\(place): \(mistake.key): \(mistake.message)"
        }
        .joined(separator: "\n")
    }
}
