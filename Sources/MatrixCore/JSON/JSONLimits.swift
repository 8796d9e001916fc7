/// Bounds on what the parser accepts, so that nobody's request decides how much memory or stack we spend.
package struct JSONLimits: Hashable, Sendable {
    /// The most that the tape can address.
    package static let largestByteCount = (1 << 30) - 1
    /// Code that walks values recurses once per level; this keeps it far from the end of any thread's stack.
    package static let largestDepth = 512
    /// No honest number is longer, and turning digits into a double is not linear for all of them.
    package static let longestNumberBytes = 1024

    package let maxDepth: Int
    package let maxBytes: Int

    package static let `default` = JSONLimits()

    package init(maxDepth: Int = 100, maxBytes: Int = 256 << 20) {
        self.maxDepth = min(max(maxDepth, 0), Self.largestDepth)
        self.maxBytes = min(max(maxBytes, 0), Self.largestByteCount)
    }
}
