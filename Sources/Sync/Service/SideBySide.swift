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
    ///
    /// - Parameter isShort: whether the work on an element asks nobody and is done at once. Such ones share a task: one for
    ///   each would cost as much as the work.
    static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], isShort: (Element) -> Bool = { _ in false },
        _ work: @Sendable @escaping (Element) async throws -> Result
    ) async throws -> [Result] {
        guard elements.count >= minParallel else { return try await elements.mapOneByOne(work) }
        var pieces: [[Int]] = []
        var short: [Int] = []
        for index in elements.indices {
            if isShort(elements[index]) { short.append(index) } else { pieces.append([index]) }
        }
        pieces += short.chunks(of: shortAtOnce).map(Array.init)
        var results: [Result?] = Array(repeating: nil, count: elements.count)
        try await withThrowingTaskGroup(of: (piece: [Int], results: [Result]).self) { group in
            var next = 0
            func startNext() {
                guard next < pieces.count else { return }
                let piece = pieces[next]
                next += 1
                group.addTask(executorPreference: globalConcurrentExecutor) {
                    (piece, try await piece.mapOneByOne { try await work(elements[$0]) })
                }
            }
            for _ in 0..<maxAtOnce { startNext() }
            while let done = try await group.next() {
                for (index, result) in zip(done.piece, done.results) { results[index] = result }
                startNext()
            }
        }
        return results.compactMap { $0 }
    }
}

extension Sequence {
    fileprivate func mapOneByOne<Result>(_ work: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await work(element)) }
        return results
    }
}
