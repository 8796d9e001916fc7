/// A text that must not show up in a log, an error or an answer.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Hand it to what needs it, and to nothing that prints.
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
