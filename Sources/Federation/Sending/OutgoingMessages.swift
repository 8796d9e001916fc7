import Ephemeral
import FederationAPI
import MatrixCore
import Storage

/// A public receipt of a local user.
struct OutgoingReceipt: Sendable, Hashable {
    struct Place: Sendable, Hashable {
        let roomID: RoomID
        let userID: UserID
        let thread: ReceiptThread
    }

    let place: Place
    let eventID: EventID
    /// Milliseconds since 1970.
    let sentAt: Int64
}

/// That a local user types, or does not any more.
struct OutgoingTyping: Sendable, Hashable {
    let roomID: RoomID
    let userID: UserID
    let isTyping: Bool
}

/// The messages that wait for one server. Of each kind and place only the newest counts, and all of them may be lost.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#edus
struct OutgoingMessages: Sendable {
    static let maxReceipts = 500
    static let maxTyping = 200
    static let maxPresence = 1_000
    /// Users whose devices a server is told at once.
    static let maxIntroductions = 500
    /// People in one message, so that none becomes large.
    private static let maxPresenceAMessage = 100

    private struct Typist: Hashable {
        let roomID: RoomID
        let userID: UserID
    }

    private var receipts: [OutgoingReceipt.Place: OutgoingReceipt] = [:]
    private var typing: [Typist: OutgoingTyping] = [:]
    private var presence: [UserID: PresenceStatus] = [:]
    private var introductions: [UserID: OutgoingIntroduction] = [:]
    /// Those that came since something was last taken. They wait for the next transaction: a server may look at messages before
    /// it has taken in the events beside them, and would not know yet that it shares a room with the user.
    private var newIntroductions: [UserID: OutgoingIntroduction] = [:]

    var isEmpty: Bool {
        receipts.isEmpty && typing.isEmpty && presence.isEmpty && introductions.isEmpty && newIntroductions.isEmpty
    }

    mutating func add(_ receipt: OutgoingReceipt) {
        guard receipts.count < Self.maxReceipts || receipts[receipt.place] != nil else { return }
        receipts[receipt.place] = receipt
    }

    /// Adds one that was missed, unless there is a newer one of its place.
    mutating func addMissed(_ receipt: OutgoingReceipt) {
        if receipts[receipt.place] == nil { add(receipt) }
    }

    mutating func add(_ change: OutgoingTyping) {
        let typist = Typist(roomID: change.roomID, userID: change.userID)
        guard typing.count < Self.maxTyping || typing[typist] != nil else { return }
        typing[typist] = change
    }

    mutating func add(_ status: PresenceStatus) {
        guard presence.count < Self.maxPresence || presence[status.userID] != nil else { return }
        presence[status.userID] = status
    }

    mutating func add(_ introduction: OutgoingIntroduction) {
        guard introductions.count + newIntroductions.count < Self.maxIntroductions else { return }
        newIntroductions[introduction.user] = introduction
    }

    /// Some of them, as JSON; they are gone then. There may be some though none are taken yet.
    mutating func take(atMost limit: Int) -> [[UInt8]] {
        guard !isEmpty else { return [] }
        var messages = takeIntroductions(atMost: limit)
        messages += takeReceipts(atMost: limit - messages.count)
        let count = min(typing.count, max(limit - messages.count, 0))
        for (typist, change) in typing.prefix(count) {
            messages.append(Self.message(change))
            typing[typist] = nil
        }
        while messages.count < limit, !presence.isEmpty {
            let some = presence.values.prefix(Self.maxPresenceAMessage)
            messages.append(Self.message(Array(some)))
            for status in some { presence[status.userID] = nil }
        }
        return messages
    }

    private mutating func takeIntroductions(atMost limit: Int) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for (user, introduction) in introductions where messages.count + introduction.messages.count <= limit {
            messages += introduction.messages
            introductions[user] = nil
        }
        introductions.merge(newIntroductions) { _, new in new }
        newIntroductions = [:]
        return messages
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#presence
    private static func message(_ statuses: [PresenceStatus]) -> [UInt8] {
        let push = statuses.map { status in
            var update: [String: JSONValue] = [
                "user_id": .string(status.userID.description), "presence": .string(status.state.rawValue),
                "last_active_ago": .integer(Int64((status.lastActiveAgo ?? .zero) / .milliseconds(1))),
            ]
            if let message = status.message { update["status_msg"] = .string(message) }
            if status.state == .online { update["currently_active"] = .bool(status.isCurrentlyActive) }
            return JSONValue.object(update)
        }
        return Transaction.edu(type: "m.presence", content: ["push": .array(push)])
    }

    /// Receipts of many users and rooms go into one message; those of one user in one room, for several threads, cannot.
    private mutating func takeReceipts(atMost limit: Int) -> [[UInt8]] {
        var messages: [[RoomID: [UserID: OutgoingReceipt]]] = []
        var left: [OutgoingReceipt.Place: OutgoingReceipt] = [:]
        for (place, receipt) in receipts {
            if let index = messages.firstIndex(where: { $0[place.roomID]?[place.userID] == nil }) {
                messages[index][place.roomID, default: [:]][place.userID] = receipt
            } else if messages.count < limit {
                messages.append([place.roomID: [place.userID: receipt]])
            } else {
                left[place] = receipt
            }
        }
        receipts = left
        return messages.map(Self.message)
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#receipts
    private static func message(_ receipts: [RoomID: [UserID: OutgoingReceipt]]) -> [UInt8] {
        var content: [String: JSONValue] = [:]
        for (roomID, users) in receipts {
            var read: [String: JSONValue] = [:]
            for (userID, receipt) in users {
                var data: [String: JSONValue] = ["ts": .integer(receipt.sentAt)]
                if let thread = receipt.place.thread.id { data["thread_id"] = .string(thread) }
                read[userID.description] = [
                    "data": .object(data), "event_ids": .array([.string(receipt.eventID.description)]),
                ]
            }
            content[roomID.description] = ["m.read": .object(read)]
        }
        return Transaction.edu(type: "m.receipt", content: .object(content))
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#typing-notifications
    private static func message(_ typing: OutgoingTyping) -> [UInt8] {
        Transaction.edu(
            type: "m.typing",
            content: [
                "room_id": .string(typing.roomID.description), "user_id": .string(typing.userID.description),
                "typing": .bool(typing.isTyping),
            ])
    }
}
