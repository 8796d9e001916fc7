/// Finds the known name that somebody most likely meant.
enum NearestName {
    /// Names longer than this are not compared: the cost grows with the product of the lengths.
    static let lengthLimit = 64

    /// The name among `known` that `written` is most likely a slip of, or `nil` when none is near.
    static func of(_ written: String, among known: [String]) -> String? {
        let plain = normalized(written)
        guard plain.count <= lengthLimit else { return nil }
        // A third of the letters may be wrong: `poolsize` is near `pool_size`, `size` is near nothing.
        let limit = max(1, plain.count / 3)
        return known.map { (name: $0, distance: distance(plain, normalized($0))) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?
            .name
    }

    /// Case and the choice of separator are no difference: `poolSize`, `pool-size` and `pool_size` are one name.
    private static func normalized(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours that make `left` into `right`.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let replaced = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
                var best = min(last[column] + 1, current[column - 1] + 1, replaced)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = min(best, beforeLast[column - 2] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
