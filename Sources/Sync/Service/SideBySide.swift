import Cluster
import MatrixCore
import Rooms

/// Work on the rooms of an answer, several at a time.
///
/// A request runs on its connection's event loop, which serves other connections too. What takes longer than a room or two
/// leaves it.
enum SideBySide {
    /// Rooms under way at the same time for one answer. What they ask at one moment is put together, so the more there are the
    /// fewer queries they need; each takes the memory that its part of the answer takes.
    static let maxAtOnce = 250
    /// Fewer are done one after the other: most answers hold one room.
    static let minParallel = 3
    /// Pieces of short work that one task does.
    private static let shortAtOnce = 8

    /// What `work` makes of each element, in the order of the elements.
    static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @Sendable @escaping (Element) async throws -> Result
    ) async throws -> [Result] {
        guard elements.count >= minParallel else { return try await oneByOne(elements, work) }
        return try await parallel(elements, work)
    }

    /// The same for work that is short and asks nothing where nothing is new: a task for each would be half of it.
    static func mapShort<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @Sendable @escaping (Element) async throws -> Result
    ) async throws -> [Result] {
        guard elements.count >= minParallel else { return try await oneByOne(elements, work) }
        return try await parallel(elements.chunks(of: shortAtOnce)) { try await oneByOne($0, work) }.flatMap(\.self)
    }

    private static func oneByOne<Element: Sendable, Result: Sendable>(
        _ elements: some Sequence<Element>, _ work: @Sendable @escaping (Element) async throws -> Result
    ) async throws -> [Result] {
        var results: [Result] = []
        for element in elements { results.append(try await work(element)) }
        return results
    }

    private static func parallel<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @Sendable @escaping (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Result?] = Array(repeating: nil, count: elements.count)
            var next = 0
            func startNext() {
                guard next < elements.count else { return }
                let (index, element) = (next, elements[next])
                next += 1
                group.addTask(executorPreference: globalConcurrentExecutor) { (index, try await work(element)) }
            }
            for _ in 0..<maxAtOnce { startNext() }
            while let (index, result) = try await group.next() {
                results[index] = result
                startNext()
            }
            return results.compactMap { $0 }
        }
    }
}
