import Ephemeral
import MatrixCore
import Storage

/// Somebody types, or does not any more.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#typing-notifications
struct TypingEDU {
    let roomID: RoomID
    let userID: UserID
    let isTyping: Bool

    /// `nil` when it is malformed.
    init?(_ content: JSONView) {
        guard let roomID = content["room_id"]?.string.flatMap({ RoomID($0) }),
            let userID = content["user_id"]?.string.flatMap({ UserID($0) }), let isTyping = content["typing"]?.bool
        else { return nil }
        self.roomID = roomID
        self.userID = userID
        self.isTyping = isTyping
    }
}

/// Up to where users have read rooms: by room, kind of receipt, and user.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#receipts
struct ReceiptEDU {
    /// Those that are in order.
    let receipts: [PublicReceipt]

    /// - Parameter limit: those above it are not looked at.
    init(_ content: JSONView, atMost limit: Int) {
        var receipts: [PublicReceipt] = []
        var left = limit
        for (room, kinds) in content.members {
            guard left > 0 else { break }
            guard let roomID = RoomID(room), let users = kinds["m.read"] else { continue }
            for (user, receipt) in users.members {
                guard left > 0 else { break }
                left -= 1
                guard let userID = UserID(user),
                    let eventID = receipt["event_ids"]?.array?.first?.string.flatMap({ EventID($0) }),
                    let thread = Self.thread(receipt["data"]?["thread_id"])
                else { continue }
                receipts.append(
                    PublicReceipt(
                        roomID: roomID, userID: userID, eventID: eventID, thread: thread,
                        sentAt: max(receipt["data"]?["ts"]?.int ?? 0, 0)))
            }
        }
        self.receipts = receipts
    }

    private static func thread(_ id: JSONView?) -> ReceiptThread? {
        guard let id, !id.isNull else { return .unthreaded }
        return id.string.flatMap { ReceiptThread(id: $0) }
    }
}

/// What a server says of its users' presence.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#presence
struct PresenceEDU {
    /// Those that are in order.
    let statuses: [PresenceStatus]

    /// - Parameter limit: those above it are not looked at.
    init(_ content: JSONView, atMost limit: Int) {
        var statuses: [PresenceStatus] = []
        guard let push = content["push"]?.array else {
            self.statuses = []
            return
        }
        for update in push.prefix(limit) {
            guard let userID = update["user_id"]?.string.flatMap({ UserID($0) }),
                let state = update["presence"]?.string.flatMap({ PresenceState(rawValue: $0) })
            else { continue }
            var status = PresenceStatus(userID: userID)
            status.state = state
            // Beyond a day it makes no difference, and a number of milliseconds has its bounds.
            status.lastActiveAgo = update["last_active_ago"]?.int.map { .milliseconds(min(max($0, 0), 86_400_000)) }
            status.isCurrentlyActive = update["currently_active"]?.bool ?? false
            status.message = update["status_msg"]?.string.flatMap { text in
                text.isEmpty || text.utf8.count > Presence.maxMessageBytes ? nil : text
            }
            statuses.append(status)
        }
        self.statuses = statuses
    }
}

extension JSONView {
    /// The members of an object; none of anything else.
    fileprivate var members: AnySequence<(key: String, value: JSONView)> {
        guard let object else { return AnySequence([]) }
        return AnySequence(object)
    }
}
