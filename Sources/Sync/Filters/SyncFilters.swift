package import MatrixCore
import Rooms
package import Storage

/// Reads the filter that a sync names or brings along.
package struct SyncFilters: Sendable {
    private static let maxCached = 2_000

    private struct Key: Hashable {
        let user: UserNID
        let number: Int64
    }

    private let everything = SyncFilter()
    private let store: FilterStore
    private let cache = GenerationalCache<Key, SyncFilter>(maxWeight: Self.maxCached)

    package init(store: FilterStore) { self.store = store }

    /// - Parameter text: the value of `filter`: an id, or JSON, which begins with a brace.
    /// - Throws: 400 `M_INVALID_PARAM` for a filter that there is not, or that is none.
    package func filter(_ text: String?, of user: UserNID) async throws -> SyncFilter {
        guard let text, !text.isEmpty else { return everything }
        if text.utf8.first == UInt8(ascii: "{") { return try Self.parse(Array(text.utf8)) }
        guard let number = Int64(text) else { throw MatrixError.invalidParam("no such filter") }
        let key = Key(user: user, number: number)
        // A filter never changes.
        if let known = cache[key] { return known }
        guard let bytes = try await store.filter(number, of: user) else {
            throw MatrixError.invalidParam("no such filter")
        }
        let filter = try Self.parse(bytes)
        cache.keep(filter, for: key)
        return filter
    }

    private static func parse(_ bytes: [UInt8]) throws(MatrixError) -> SyncFilter {
        guard let document = try? JSONDocument(parsing: bytes) else {
            throw MatrixError(.notJSON, "the filter is not JSON", status: 400)
        }
        do { return try SyncFilter(document.root) } catch {
            throw .invalidParam("the filter's \(error.member) is not valid")
        }
    }
}
