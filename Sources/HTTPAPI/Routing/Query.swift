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
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parameters.count < Self.maximumParameters, let name = PercentDecoding.decode(queryPart: parts[0]),
                let value = PercentDecoding.decode(queryPart: parts.count > 1 ? parts[1] : "")
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
