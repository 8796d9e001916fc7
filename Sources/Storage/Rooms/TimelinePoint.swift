import MatrixCore

/// A place in the graph order of a room, by which pagination goes: events compare by depth, then by log position, then
/// by number. A point stands just before the event that has it.
package struct TimelinePoint: Hashable, Comparable, Sendable {
    package let depth: Int64
    package let position: Int64
    package let event: Int64

    package init(depth: Int64, position: Int64, event: Int64) {
        self.depth = depth
        self.position = position
        self.event = event
    }

    package static func before(_ event: StoredEvent) -> TimelinePoint {
        TimelinePoint(depth: event.depth, position: event.position, event: event.nid.rawValue)
    }

    package static func after(_ event: StoredEvent) -> TimelinePoint {
        TimelinePoint(depth: event.depth, position: event.position, event: event.nid.rawValue + 1)
    }

    package static let start = TimelinePoint(depth: 0, position: 0, event: 0)
    package static let end = TimelinePoint(depth: .max, position: 0, event: 0)

    package static func < (left: TimelinePoint, right: TimelinePoint) -> Bool {
        (left.depth, left.position, left.event) < (right.depth, right.position, right.event)
    }

    /// On the wire: `t` and three numbers.
    package var token: String { "t\(depth)-\(position)-\(event)" }

    package init?(token: String) {
        guard token.utf8.count <= 64, token.hasPrefix("t") else { return nil }
        let parts = token.dropFirst().split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let depth = Int64(parts[0]), let position = Int64(parts[1]), let event = Int64(parts[2])
        else { return nil }
        self.init(depth: depth, position: position, event: event)
    }
}
