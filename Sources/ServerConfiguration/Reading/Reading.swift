/// What one reading of a configuration file knows and has found wrong so far.
final class Reading {
    /// The folder of the file: paths in it start there.
    let directory: String
    /// The environment variables that `{env: NAME}` may name.
    let environment: [String: String]
    private(set) var mistakes: [Mistake] = []

    /// Nobody reads further than this; a file of garbage should not print a page for each of its lines.
    static let mistakeLimit = 200

    init(directory: String, environment: [String: String]) {
        self.directory = directory
        self.environment = environment
    }

    /// Whether nothing more is written down. What is costly to find out need not be found out then.
    var isFull: Bool { mistakes.count >= Self.mistakeLimit }

    func report(_ mistake: Mistake) {
        if !isFull { mistakes.append(mistake) }
    }

    /// A path of the file as one that does not depend on where the process runs.
    func resolve(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }
}

/// A node on its way to becoming a value: it knows its place in the file, for what there is to say about it.
struct Place {
    let node: YAMLNode
    /// The line of its key, where it has one: what is wrong with a table is said where the table is named.
    let line: Int
    let key: String
    let reading: Reading

    /// Reports what is wrong here.
    func refuse(_ message: String) {
        reading.report(Mistake(line: line, key: key, message: message))
    }

    /// The text of a single value, or `nil` after a report.
    func scalar(_ expected: String) -> (text: String, isPlain: Bool)? {
        guard case .scalar(let text, let isPlain) = node.content else {
            refuse("expected \(expected), found \(node.kind)")
            return nil
        }
        return (text, isPlain)
    }

    /// The items of a list with their places, or `nil` after a report.
    func items(limit: Int) -> [Place]? {
        guard case .sequence(let nodes) = node.content else {
            refuse("expected a list, found \(node.kind)")
            return nil
        }
        guard nodes.count <= limit else {
            refuse("has \(nodes.count) items, more than \(limit)")
            return nil
        }
        return nodes.enumerated().map { Place(node: $1, line: $1.line, key: "\(key)[\($0)]", reading: reading) }
    }

    /// The entries of a table, names once each, or `nil` after a report.
    func entries() -> [(name: String, place: Place)]? {
        guard case .mapping(let entries) = node.content else {
            refuse("expected a table of keys, found \(node.kind)")
            return nil
        }
        var firstLines: [String: Int] = [:]
        return entries.compactMap { entry in
            let path = key.isEmpty ? entry.name : "\(key).\(entry.name)"
            if let first = firstLines[entry.name] {
                reading.report(
                    Mistake(line: entry.line, key: path, message: "given a second time, first in line \(first)"))
                return nil
            }
            firstLines[entry.name] = entry.line
            return (entry.name, Place(node: entry.value, line: entry.line, key: path, reading: reading))
        }
    }
}
