import MatrixCore

/// The members of events that a client wants, by their paths: `event_fields` of a filter.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#filtering
package struct EventFieldSelection: Sendable {
    private struct Node: Sendable {
        /// All of the value is wanted.
        var isWhole = false
        var members: [String: Node] = [:]

        mutating func insert(_ path: ArraySlice<String>) {
            guard let first = path.first else {
                isWhole = true
                return
            }
            members[first, default: Node()].insert(path.dropFirst())
        }
    }

    /// Deeper paths name nothing that an event may hold.
    private static let maxDepth = 32

    private var root = Node()

    /// - Parameter paths: member names with dots between; a dot or a backslash that is part of a name has a backslash before.
    package init(_ paths: [String]) {
        for path in paths {
            let names = Self.split(path)
            guard names.count <= Self.maxDepth else { continue }
            root.insert(names[...])
        }
    }

    private static func split(_ path: String) -> [String] {
        var names = [""]
        var isEscaped = false
        for character in path.unicodeScalars {
            switch character {
            case "\\" where !isEscaped: isEscaped = true
            case "." where !isEscaped: names.append("")
            default:
                if isEscaped, character != ".", character != "\\" { names[names.count - 1].append("\\") }
                names[names.count - 1].unicodeScalars.append(character)
                isEscaped = false
            }
        }
        if isEscaped { names[names.count - 1].append("\\") }
        return names
    }

    /// What is left of an event.
    ///
    /// - Parameter event: one JSON object of ours.
    package func apply(to event: [UInt8]) -> [UInt8] {
        guard let document = try? JSONDocument(parsing: event) else { return event }
        return JSONWriter.write { Self.write(document.root, root, to: &$0) }
    }

    private static func write(_ object: JSONView, _ node: Node, to writer: inout JSONWriter) {
        writer.object { writer in
            guard let members = object.object else { return }
            for (name, value) in members {
                guard let child = node.members[name] else { continue }
                if child.isWhole {
                    writer.field(name, value)
                } else if value.isObject {
                    writer.key(name)
                    write(value, child, to: &writer)
                }
            }
        }
    }
}
