package import MatrixCore
package import Storage

/// Someone who reads a room: what decides how much of it they may see.
package struct Viewer: Sendable {
    package let user: UserRecord?
    /// The viewer's membership now, if there is or was any.
    package let membership: MembershipRecord?
    /// Just after the event by which the viewer last left; `nil` while they are in the room, and when they never were.
    package let leftAt: TimelinePoint?
    /// Senders whose messages the viewer does not want to see.
    package var ignored: Set<UserID> = []
    /// States of the room that are known to have the viewer as a member: of what was sent in them nothing has to be read.
    package var joinedIn: Set<StateRoot> = []

    package init(
        user: UserRecord?, membership: MembershipRecord?, leftAt: TimelinePoint? = nil, ignored: Set<UserID> = []
    ) {
        self.user = user
        self.membership = membership
        self.leftAt = leftAt
        self.ignored = ignored
    }

    package var isJoined: Bool { membership?.membership == .join }
}
