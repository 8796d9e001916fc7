/// A place in the inbox of a device: everything at or below it is before it.
package struct InboxPlace: Sendable, Hashable, Comparable {
    /// A position of the user's shard of the log.
    package let position: Int64
    /// Orders messages of one position.
    package let order: Int32

    package init(position: Int64, order: Int32) {
        self.position = position
        self.order = order
    }

    /// After all messages that were written up to a position.
    package init(after position: Int64) { self.init(position: position, order: .max) }

    package static func < (left: InboxPlace, right: InboxPlace) -> Bool {
        (left.position, left.order) < (right.position, right.order)
    }
}
