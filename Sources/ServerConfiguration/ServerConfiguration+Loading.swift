import FoundationEssentials

extension ServerConfiguration {
    /// Reads the configuration file at `path`.
    ///
    /// - Parameter environment: the variables that `{env: NAME}` may name; that of the process by default.
    /// - Throws: everything that is wrong, with lines. Nothing but the file and the files of secrets is opened.
    package static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationMistakes) -> ServerConfiguration {
        let text: [UInt8]
        do throws(FileProblem) {
            text = try BoundedFile.read(path)
        } catch {
            throw ConfigurationMistakes(file: path, mistakes: [Mistake(line: 0, key: "", message: error.message)])
        }
        return try parse(text, file: path, directory: directory(of: path), environment: environment).get()
    }

    /// Reads a configuration out of memory.
    ///
    /// - Parameter file: what messages call it.
    /// - Parameter directory: where its relative paths start.
    package static func parse(
        _ text: [UInt8], file: String, directory: String, environment: [String: String]
    ) -> Result<ServerConfiguration, ConfigurationMistakes> {
        do throws(Mistake) {
            let written = try YAMLParser.parse(text)
            let root = written.flatMap { $0.isNull ? nil : $0 } ?? YAMLNode(content: .mapping([]), line: 1)
            let reading = Reading(directory: directory, environment: environment)
            let reader = SectionReader(
                Place(node: root, line: root.line, key: "", reading: reading), keys: documentation)
            let configuration = ServerConfiguration(from: reader)
            if let configuration, reading.mistakes.isEmpty { return .success(configuration) }
            return .failure(ConfigurationMistakes(file: file, mistakes: reading.mistakes))
        } catch {
            return .failure(ConfigurationMistakes(file: file, mistakes: [error]))
        }
    }

    /// The folder of a file, absolute, so that what is read later does not depend on where the process then is.
    private static func directory(of path: String) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) }
        switch folder {
        case nil: return FileManager.default.currentDirectoryPath
        case "": return "/"
        case let folder? where folder.hasPrefix("/"): return folder
        case let folder?: return "\(FileManager.default.currentDirectoryPath)/\(folder)"
        }
    }
}
