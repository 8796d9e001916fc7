package import MatrixCore

/// What tells a pusher from all others.
package struct PusherKey: Sendable, Hashable {
    package let userNID: UserNID
    package let appID: String
    package let pushkey: String

    package init(userNID: UserNID, appID: String, pushkey: String) {
        self.userNID = userNID
        self.appID = appID
        self.pushkey = pushkey
    }
}

/// Where a user's notifications are sent.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset
package struct PusherRecord: Sendable, Hashable {
    package let key: PusherKey
    package let kind: String
    package let appDisplayName: String
    package let deviceDisplayName: String
    package let profileTag: String?
    package let language: String
    /// A JSON object.
    package let data: [UInt8]
    /// Milliseconds since 1970; when it was set.
    package let updatedAt: Int64

    package init(
        key: PusherKey, kind: String, appDisplayName: String, deviceDisplayName: String, profileTag: String?,
        language: String, data: [UInt8], updatedAt: Int64
    ) {
        self.key = key
        self.kind = kind
        self.appDisplayName = appDisplayName
        self.deviceDisplayName = deviceDisplayName
        self.profileTag = profileTag
        self.language = language
        self.data = data
        self.updatedAt = updatedAt
    }
}

/// An event that a pusher is to be told of.
package struct PushRecipient: Sendable, Hashable {
    package let pusher: PusherKey
    package let event: NotifyingEvent
}

/// An event that may notify somebody.
package struct NotifyingEvent: Sendable, Hashable {
    package let roomNID: RoomNID
    package let eventNID: EventNID

    package init(roomNID: RoomNID, eventNID: EventNID) {
        self.roomNID = roomNID
        self.eventNID = eventNID
    }
}

/// A notification that a gateway did not take at once.
package struct WaitingPush: Sendable, Hashable {
    package let pusher: PusherKey
    package let roomNID: RoomNID
    package let eventNID: EventNID
    /// Milliseconds since 1970.
    package let createdAt: Int64

    /// It tells of an invite to a room that we are not in, which has no number.
    package var isInvite: Bool { eventNID == EventNID(0) }

    package init(pusher: PusherKey, roomNID: RoomNID, eventNID: EventNID, createdAt: Int64) {
        self.pusher = pusher
        self.roomNID = roomNID
        self.eventNID = eventNID
        self.createdAt = createdAt
    }
}
