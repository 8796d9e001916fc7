package import MatrixCore

/// An event that is to be sent later, as somebody scheduled it, or what became of it.
package struct DelayedEventRecord: Sendable {
    package let delayID: String
    package let userNID: UserNID
    /// As the user named it; nobody has looked whether there is such a room.
    package let roomID: RoomID
    package let type: String
    /// `nil` for an event that is no state.
    package let stateKey: String?
    /// JSON, an object.
    package let content: [UInt8]
    /// For how long the event is sticky once it is sent.
    package let stickyMilliseconds: Int64?
    package let delayMilliseconds: Int64
    /// When it was scheduled, or restarted for the last time, in milliseconds since 1970.
    package let scheduledAt: Int64
    /// What became of it; `nil` while it waits.
    package let end: End?

    package var dueAt: Int64 { scheduledAt + delayMilliseconds }

    /// How an event that waited was done with, and when.
    package struct End: Sendable {
        package enum Outcome: Sendable {
            case sent(EventID)
            case cancelled
            /// With the error response, a JSON object.
            case failed([UInt8])
        }

        package let outcome: Outcome
        /// Milliseconds since 1970.
        package let finalisedAt: Int64

        package init(_ outcome: Outcome, at finalisedAt: Int64) {
            self.outcome = outcome
            self.finalisedAt = finalisedAt
        }
    }
}

/// An event that somebody wants to have sent later.
package struct NewDelayedEvent: Sendable {
    package var roomID: RoomID
    package var type: String
    package var stateKey: String?
    package var content: [UInt8]
    package var stickyMilliseconds: Int64?
    package var delayMilliseconds: Int64
    /// The device and its transaction id; a repetition is answered with the first one's delay id.
    package var transaction: EventTransaction?

    package init(
        roomID: RoomID, type: String, stateKey: String?, content: [UInt8], stickyMilliseconds: Int64? = nil,
        delayMilliseconds: Int64, transaction: EventTransaction?
    ) {
        self.roomID = roomID
        self.type = type
        self.stateKey = stateKey
        self.content = content
        self.stickyMilliseconds = stickyMilliseconds
        self.delayMilliseconds = delayMilliseconds
        self.transaction = transaction
    }
}

extension EventTransaction {
    /// Stands where the device of other transactions is. No device is called so.
    private static let delayedMarker = "\u{1}delayed"

    /// Under what a delayed event is sent, so that it is sent once whoever sends it, and however often.
    package static func delayed(_ delayID: String) -> EventTransaction {
        EventTransaction(deviceID: delayedMarker, transactionID: delayID)
    }

    /// The delay id of an event that was sent so.
    package var delayID: String? { deviceID == Self.delayedMarker ? transactionID : nil }
}
