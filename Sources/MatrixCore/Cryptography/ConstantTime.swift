import CSodium

/// Comparisons that take as long for a near miss as for a wild guess, for secrets.
package enum ConstantTime {
    /// Whether both are the same. Only their lengths can be told from the time it takes.
    package static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && sodium_memcmp(left, right, left.count) == 0
    }

    package static func equals(_ left: String, _ right: String) -> Bool {
        equals(Array(left.utf8), Array(right.utf8))
    }
}
