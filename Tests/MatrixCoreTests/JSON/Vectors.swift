import FoundationEssentials
import MatrixCore

/// Vectors in the folder `Fixtures/Vectors`, where a page tells what they are.
enum Vectors {
    static func read(_ name: String) throws -> JSONDocument {
        let tests = String(#filePath.dropLast("JSON/Vectors.swift".count))
        return try JSONDocument(parsing: Array(Data(contentsOf: URL(filePath: "\(tests)Fixtures/Vectors/\(name)"))))
    }
}
