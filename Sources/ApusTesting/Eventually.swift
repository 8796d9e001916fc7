internal import Reactor

/// Waits until `condition` holds, asking again and again.
///
/// For what happens on its own time in another process or thread. A test that knows what to wait for waits for that.
/// - Throws: when it does not hold within `timeout`, or what `condition` throws.
package func eventually(
    within timeout: Duration = .seconds(10), _ what: String = "the condition",
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    let interval = Duration.milliseconds(10)
    let start = MonotonicTime.now()
    while try await !condition() {
        guard MonotonicTime.now().since(start) < timeout else {
            throw TestingError("\(what) did not come true within \(timeout)")
        }
        try await Task.sleep(for: interval)
    }
}
