package import MatrixCore

/// How many events notify a user, and how many of these want attention.
package struct UnreadCount: Sendable, Hashable {
    package var notifications: Int
    package var highlights: Int

    package init(notifications: Int = 0, highlights: Int = 0) {
        self.notifications = notifications
        self.highlights = highlights
    }

    package static func + (left: UnreadCount, right: UnreadCount) -> UnreadCount {
        UnreadCount(
            notifications: left.notifications + right.notifications, highlights: left.highlights + right.highlights)
    }

    package var isZero: Bool { notifications == 0 && highlights == 0 }
}

/// How much is unread in a room, in the main timeline and in each thread.
package struct UnreadCounts: Sendable, Hashable {
    package var main = UnreadCount()
    /// By the root; threads in which nothing is unread are left out.
    package var threads: [EventID: UnreadCount] = [:]
    /// More is unread than is looked at: `main` says how much of the newest, and does not grow until something is read.
    package var isCut = false

    package init() {}

    /// Everything together, for clients that do not tell threads apart.
    package var total: UnreadCount { threads.values.reduce(main, +) }
}

/// A part of a room's log in which somebody wants to know what is unread: after `floor`, where the user joined, up to `head`.
package struct UnreadQuestion: Sendable, Hashable {
    package let roomNID: RoomNID
    package let floor: Int64
    package let head: Int64

    package init(roomNID: RoomNID, floor: Int64, head: Int64) {
        self.roomNID = roomNID
        self.floor = floor
        self.head = head
    }
}

/// What the push rules of one user say of one event.
package struct NotificationActions: OptionSet, Sendable, Hashable {
    package let rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package static let notifies = NotificationActions(rawValue: 1)
    package static let highlights = NotificationActions(rawValue: 2)
}

/// A user for whom rows of `notification_exceptions` are looked up, of all events at one position of a room.
package struct ExceptionTopic: Sendable, Hashable {
    package let roomNID: RoomNID
    package let userNID: UserNID
    package let position: Int64

    package init(roomNID: RoomNID, userNID: UserNID, position: Int64) {
        self.roomNID = roomNID
        self.userNID = userNID
        self.position = position
    }
}
