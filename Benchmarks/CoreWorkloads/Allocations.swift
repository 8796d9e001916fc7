import CAllocations

/// What some work asked of the allocator, on the thread that did it. The work must not move to other threads.
package struct Allocations: Equatable, Sendable, CustomStringConvertible {
    package let count: Int
    package let bytes: Int

    /// `false` with a sanitizer, which needs the allocator for itself: then all counts are 0.
    package static var areCounted: Bool { callocations_are_counted() }

    package static func during<Failure>(_ work: () throws(Failure) -> Void) throws(Failure) -> Allocations {
        let (count, bytes) = (callocations_count(), callocations_bytes())
        try work()
        return Allocations(
            count: Int(callocations_count() - count), bytes: Int(callocations_bytes() - bytes))
    }

    /// Gives back to the system what is free, so that the memory of the process is what it uses.
    package static func giveBack() { callocations_give_back() }

    package var description: String { "\(count) allocations of \(bytes) bytes" }
}
