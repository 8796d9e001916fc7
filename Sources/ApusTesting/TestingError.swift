/// Something that a test rests on did not work.
package struct TestingError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
