extension ValueType where Value == Secret {
    /// A text that is nobody's business, written in place or as `{file: path}` or `{env: NAME}`.
    static func secret(_ allowed: String = "a text") -> ValueType {
        ValueType(
            allowed: "\(allowed), or {file: path}, or {env: NAME}",
            read: { place in
                switch place.node.content {
                case .scalar("", _):
                    place.refuse("is empty")
                    return nil
                case .scalar(let text, _):
                    return Secret(text)
                case .mapping:
                    return readReference(place)
                case .sequence:
                    place.refuse("expected \(allowed), or {file: path}, or {env: NAME}, found a list")
                    return nil
                }
            },
            write: { _ in nil })
    }

    private static func readReference(_ place: Place) -> Secret? {
        guard let entries = place.entries() else { return nil }
        guard entries.count == 1, let (name, source) = entries.first, name == "file" || name == "env" else {
            place.refuse("expected a text, or {file: path}, or {env: NAME}")
            return nil
        }
        guard let (text, _) = source.scalar(name == "file" ? "a path" : "the name of an environment variable") else {
            return nil
        }
        return name == "file" ? readFile(text, source) : readVariable(text, source)
    }

    private static func readFile(_ path: String, _ place: Place) -> Secret? {
        do throws(FileProblem) {
            let bytes = try BoundedFile.read(place.reading.resolve(path))
            guard var text = String(validating: bytes, as: UTF8.self) else {
                place.refuse("\(YAMLText.shortened(path)) is not UTF-8")
                return nil
            }
            // Editors and `echo` end a file with a line break that is no part of the secret.
            while text.last?.isNewline == true { text.removeLast() }
            guard !text.isEmpty else {
                place.refuse("\(YAMLText.shortened(path)) is empty")
                return nil
            }
            return Secret(text)
        } catch {
            place.refuse("\(YAMLText.shortened(path)): \(error.message)")
            return nil
        }
    }

    private static func readVariable(_ name: String, _ place: Place) -> Secret? {
        guard let text = place.reading.environment[name], !text.isEmpty else {
            place.refuse("the environment variable \(YAMLText.shortened(name)) is not set")
            return nil
        }
        return Secret(text)
    }
}
