/// Why a process cannot start, in words for its operator.
package struct StartFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
