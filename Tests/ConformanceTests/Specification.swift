import FoundationEssentials

/// The operations of the Matrix specification v1.19, as its OpenAPI files list them.
struct Specification {
    struct Operation: Decodable {
        let operation: String
        let api: String
        let method: String
        let path: String
        /// What proves who calls; empty when nobody is asked.
        let auth: [String]
        let authOptional: Bool
        let rateLimited: Bool

        var place: Place { Place(method: method, path: path) }
    }

    /// Where an operation is. What its parameters are called makes no difference to clients.
    struct Place: Hashable, Comparable, CustomStringConvertible {
        let method: String
        let path: String

        init(method: String, path: String) {
            self.method = method
            self.path = path.split(separator: "/", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("{") ? "{}" : String($0) }.joined(separator: "/")
        }

        var description: String { "\(method) \(path)" }

        static func < (left: Place, right: Place) -> Bool { (left.path, left.method) < (right.path, right.method) }
    }

    /// Those that a homeserver answers. What it asks of application services and push gateways is not among them.
    let operations: [Operation]

    init() throws {
        let all = try JSONDecoder().decode([Operation].self, from: Fixtures.read("operations.json"))
        operations = all.filter { $0.api == "client-server" || $0.api == "server-server" }
    }
}

/// The files beside the tests.
enum Fixtures {
    static func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)"))
    }

    /// The lines of a list, without comments and without what follows ` - ` in them.
    static func list(_ name: String) throws -> [String] {
        String(decoding: try read(name), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { String($0.split(separator: " - ", maxSplits: 1)[0]) }
    }

    /// A list of operations: `METHOD path`, a line each.
    static func places(_ name: String) throws -> Set<Specification.Place> {
        Set(
            try list(name).map { line in
                let words = line.split(separator: " ")
                return Specification.Place(method: String(words[0]), path: String(words.last ?? ""))
            })
    }
}
