package import MatrixCore

/// The newest row of a room's events: where it stands in the log, and the state that it led to.
package struct RoomActivity: Sendable, Hashable {
    package let position: Int64
    /// Milliseconds since 1970, by the clock of the worker that wrote it.
    package let writtenAt: Int64
    package let state: StateRoot

    package init(position: Int64, writtenAt: Int64, state: StateRoot) {
        self.position = position
        self.writtenAt = writtenAt
        self.state = state
    }
}
