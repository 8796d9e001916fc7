import FoundationEssentials

/// The files of this repository, as the tests here see them.
struct SourceTree {
    struct File {
        /// From the top of the repository: `Sources/MatrixCore/JSON/JSONText.swift`.
        let path: String
        let text: String

        let swift: SwiftText

        /// The target it belongs to, for files of `Sources`.
        var module: String { String(path.split(separator: "/").dropFirst().first ?? "") }
        var name: String { String(path.split(separator: "/").last ?? "") }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Read and taken apart once, for all tests.
    static let sources = Result { try swiftFiles(under: "Sources") }
    static let tests = Result { try swiftFiles(under: "Tests") }

    /// The Swift files under a folder of the repository, by path.
    private static func swiftFiles(under folder: String) throws -> [File] {
        let manager = FileManager.default
        var open = [folder]
        var files: [File] = []
        while let path = open.popLast() {
            for name in try manager.contentsOfDirectory(atPath: root.appending(path: path).path)
            where !name.hasPrefix(".") {
                let child = "\(path)/\(name)"
                var isDirectory = false
                guard manager.fileExists(atPath: root.appending(path: child).path, isDirectory: &isDirectory) else {
                    continue
                }
                if isDirectory {
                    open.append(child)
                } else if name.hasSuffix(".swift") {
                    let text = try read(child)
                    files.append(File(path: child, text: text, swift: SwiftText(text)))
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    static func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
    }

    /// The lines of a list under `Fixtures`: `name - reason`, where `#` starts a comment.
    static func list(_ name: String) throws -> [String] {
        try read("Tests/RepositoryTests/Fixtures/\(name)").split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }
}
