extension RandomAccessCollection {
    /// Where the second part of a collection begins, of which the elements of the first part come before those of the second; the
    /// end when all are of the first.
    ///
    /// Cost: an element is looked at for each halving.
    @inlinable
    public func partitioningIndex(where isOfSecondPart: (Element) throws -> Bool) rethrows -> Index {
        var start = startIndex
        var length = count
        while length > 0 {
            let half = length / 2
            let middle = index(start, offsetBy: half)
            if try isOfSecondPart(self[middle]) {
                length = half
            } else {
                start = index(after: middle)
                length -= half + 1
            }
        }
        return start
    }
}
