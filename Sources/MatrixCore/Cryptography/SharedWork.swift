/// Work on many values that is too much for one processor, such as checking signatures at 40 us each.
///
/// It is cut into small pieces: threads of the cooperative pool are as many as processors, and other requests want their turn
/// on them within milliseconds.
package enum SharedWork {
    static let valuesPerPiece = 64
    /// Pieces that are under way at a time: enough for any machine's processors.
    private static let maximumPieces = 128

    /// What `work` makes of each value, in the order of the values.
    ///
    /// - Parameter work: must not wait for other values' work.
    package static func map<Value: Sendable, Result: Sendable>(
        _ values: [Value], _ work: @Sendable @escaping (Value) async -> Result
    ) async -> [Result] {
        guard values.count > valuesPerPiece else { return await piece(values[...], work) }
        var starts = stride(from: 0, to: values.count, by: valuesPerPiece).makeIterator()
        return await withTaskGroup(of: (start: Int, results: [Result]).self) { group in
            func next() {
                guard let start = starts.next() else { return }
                let some = values[start..<min(start + valuesPerPiece, values.count)]
                // Whoever asks may run on one thread of their own: the work would then stay on it.
                group.addTask(executorPreference: globalConcurrentExecutor) { (start, await piece(some, work)) }
            }
            for _ in 0..<maximumPieces { next() }
            var pieces = [[Result]](repeating: [], count: (values.count + valuesPerPiece - 1) / valuesPerPiece)
            while let done = await group.next() {
                pieces[done.start / valuesPerPiece] = done.results
                next()
            }
            return Array(pieces.joined())
        }
    }

    private static func piece<Value: Sendable, Result: Sendable>(
        _ values: ArraySlice<Value>, _ work: @Sendable (Value) async -> Result
    ) async -> [Result] {
        var results: [Result] = []
        results.reserveCapacity(values.count)
        for value in values { results.append(await work(value)) }
        return results
    }
}
