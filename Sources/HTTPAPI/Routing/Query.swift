package import MatrixCore

/// The decoded parameters of a query string, in their order; a name may come several times.
package struct Query: Sendable {
    /// Far above any real request; below it, looking for a name in the list is cheap.
    private static let maximumParameters = 256

    private let parameters: [(name: String, value: String)]

    /// - Throws: `M_INVALID_PARAM` when an escape or the encoding is broken, or there are too many parameters.
    package init(_ query: String?) throws(MatrixError) {
        guard let query, !query.isEmpty else {
            parameters = []
            return
        }
        var parameters: [(name: String, value: String)] = []
        // By bytes: to look for characters in a text costs ten times as much.
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard parameters.count < Self.maximumParameters,
                let name = PercentDecoding.decode(queryPart: Substring(pair[..<end])),
                let value = PercentDecoding.decode(queryPart: Substring(pair[end...].dropFirst()))
            else { throw .invalidParam("The query string is malformed") }
            parameters.append((name, value))
        }
        self.parameters = parameters
    }

    /// The first value of that name.
    package subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// All values of that name, in order.
    package func all(_ name: String) -> [String] { parameters.filter { $0.name == name }.map(\.value) }
}
