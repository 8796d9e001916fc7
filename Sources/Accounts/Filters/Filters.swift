package import MatrixCore
package import Storage

/// Filters that clients upload to name them later.
package struct Filters: Sendable {
    let store: FilterStore

    package init(store: FilterStore) { self.store = store }

    /// - Returns: the filter's id.
    /// - Throws: `M_BAD_JSON` when it is no filter.
    package func define(_ filter: JSONView, for user: UserNID) async throws -> String {
        try FilterDefinition.check(filter)
        guard let definition = try? CanonicalJSON.encode(filter, strict: false) else {
            throw MatrixError.badJSON("A filter must be an object")
        }
        guard let number = try await store.define(definition, for: user) else {
            throw MatrixError(.resourceLimitExceeded, "This account has too many filters")
        }
        return String(number)
    }

    /// The filter as JSON; `nil` when the user has none of that id.
    package func filter(_ id: String, of user: UserNID) async throws -> [UInt8]? {
        guard let number = Int64(id), number > 0 else { return nil }
        return try await store.filter(number, of: user)
    }
}
