import CYaml

/// Reads a YAML document into nodes, straight from libyaml's events.
///
/// Anchors and aliases are refused: a file of a hundred bytes can name a structure of a billion nodes with them, and a
/// configuration has no use for them. Nesting is limited, and nothing here recurses.
struct YAMLParser {
    /// Configurations nest four levels deep.
    static let nestingLimit = 16

    /// The document being built: containers that are still open, outermost first.
    private var open: [Container] = []
    private var root: YAMLNode?
    private var documents = 0

    private struct Container {
        let line: Int
        let isMapping: Bool
        var items: [YAMLNode] = []
        var entries: [YAMLNode.Entry] = []
        var pendingName: (name: String, line: Int)?

        var node: YAMLNode {
            YAMLNode(content: isMapping ? .mapping(entries) : .sequence(items), line: line)
        }
    }

    /// The root of the document, or `nil` when the file says nothing at all.
    static func parse(_ text: [UInt8]) throws(Mistake) -> YAMLNode? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            throw Mistake(line: 0, key: "", message: "not enough memory to read it")
        }
        defer { yaml_parser_delete(&parser) }
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        let result: Result<YAMLNode?, Mistake> = text.withUnsafeBufferPointer { bytes in
            // libyaml keeps the pointer until the parser is deleted, and asks for no more of it after the last event.
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            var builder = YAMLParser()
            do throws(Mistake) {
                try builder.run(&parser)
                return .success(builder.root)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func run(_ parser: inout yaml_parser_t) throws(Mistake) {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else { throw Self.syntaxError(parser) }
            defer { yaml_event_delete(&event) }
            if event.type == YAML_STREAM_END_EVENT { return }
            try accept(event)
        }
    }

    private mutating func accept(_ event: yaml_event_t) throws(Mistake) {
        let line = Int(clamping: event.start_mark.line) + 1
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            documents += 1
            guard documents == 1 else {
                throw Mistake(line: line, key: "", message: "a second document starts here; a configuration is one")
            }
        case YAML_ALIAS_EVENT:
            throw Mistake(
                line: line, key: "", message: "aliases (*name) are not supported; quote a text that starts with *")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuseAnchor(scalar.anchor, line: line)
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.value == nil ? 0 : scalar.length),
                as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            try place(YAMLNode(content: .scalar(text, isPlain: isPlain), line: line))
        case YAML_SEQUENCE_START_EVENT:
            try refuseAnchor(event.data.sequence_start.anchor, line: line)
            try begin(Container(line: line, isMapping: false))
        case YAML_MAPPING_START_EVENT:
            try refuseAnchor(event.data.mapping_start.anchor, line: line)
            try begin(Container(line: line, isMapping: true))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            if let closed = open.popLast() { try place(closed.node) }
        default:
            break
        }
    }

    private mutating func begin(_ container: Container) throws(Mistake) {
        guard open.count < Self.nestingLimit else {
            throw Mistake(line: container.line, key: "", message: "nested more than \(Self.nestingLimit) levels deep")
        }
        if let parent = open.last, parent.isMapping, parent.pendingName == nil {
            throw Mistake(line: container.line, key: "", message: "the name of a key must be a single word")
        }
        open.append(container)
    }

    /// Puts a complete node where it belongs: into the innermost open container, as its next name, value or item.
    private mutating func place(_ node: YAMLNode) throws(Mistake) {
        guard let innermost = open.indices.last else {
            root = node
            return
        }
        guard open[innermost].isMapping else {
            open[innermost].items.append(node)
            return
        }
        if let (name, line) = open[innermost].pendingName {
            open[innermost].pendingName = nil
            open[innermost].entries.append(YAMLNode.Entry(name: name, line: line, value: node))
        } else if case .scalar(let name, _) = node.content {
            open[innermost].pendingName = (name, node.line)
        } else {
            throw Mistake(line: node.line, key: "", message: "the name of a key must be a single word")
        }
    }

    private func refuseAnchor(_ anchor: UnsafeMutablePointer<yaml_char_t>?, line: Int) throws(Mistake) {
        if anchor != nil {
            throw Mistake(
                line: line, key: "", message: "anchors (&name) are not supported; quote a text that starts with &")
        }
    }

    private static func syntaxError(_ parser: yaml_parser_t) -> Mistake {
        let problem = parser.problem.map { String(cString: $0) } ?? "cannot be read"
        // A reader error (bad UTF-8, a control character) has no mark of its own: it lies ahead of the scanner's.
        let mark = parser.error == YAML_READER_ERROR ? parser.mark : parser.problem_mark
        return Mistake(line: Int(clamping: mark.line) + 1, key: "", message: "not valid YAML: \(problem)")
    }
}
