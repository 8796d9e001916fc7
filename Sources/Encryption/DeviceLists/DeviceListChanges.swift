package import MatrixCore

/// Whose devices somebody has to look at again.
package struct DeviceListChanges: Sendable, Hashable {
    /// Users whose devices or keys changed, or with whom a room has come to be shared. In no order.
    package var changed: [UserID] = []
    /// Users with whom no room is shared any more. In no order.
    package var left: [UserID] = []

    package init() {}

    package init(changed: Set<UserID>, left: Set<UserID>) {
        self.changed = Array(changed)
        self.left = Array(left.subtracting(changed))
    }

    package var isEmpty: Bool { changed.isEmpty && left.isEmpty }
}
