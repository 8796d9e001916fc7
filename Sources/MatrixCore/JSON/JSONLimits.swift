/// Bounds on what the parser accepts, so that nobody's request decides how much memory or stack we spend.
package struct JSONLimits: Hashable, Sendable {
    /// The most that the tape can address.
    package static let largestByteCount = (1 << 30) - 1
    /// Code that walks values recurses once per level; this keeps it far from the end of any thread's stack.
    package static let largestDepth = 512
    /// Of fractions: no honest one is longer, and turning digits into a double is not linear for all of them.
    package static let longestNumberBytes = 1024
    /// Of integers, which nobody turns into anything: what Python reads, and so what is in old rooms at most.
    package static let longestIntegerBytes = 4300

    package let maxDepth: Int
    package let maxBytes: Int

    package static let `default` = JSONLimits()

    /// The depth is that of code, not of what means something: what is sent together must not fail because of one part. Whoever
    /// takes the parts has their own limits (``EventLimits/nesting``).
    package init(maxDepth: Int = largestDepth, maxBytes: Int = 256 << 20) {
        self.maxDepth = min(max(maxDepth, 0), Self.largestDepth)
        self.maxBytes = min(max(maxBytes, 0), Self.largestByteCount)
    }
}
