import MatrixCore
import Storage

/// What must be unread, by a model that knows nothing of positions, flags or memory: everything that happened in a room, in order.
struct UnreadModel {
    struct Message {
        let sender: UserNID
        let root: EventID?
        /// Saying something reads what was there; a new name or a redaction's target do not matter here.
        let isSaid: Bool
        /// No thread can begin at what relates to something.
        var isRelated = false
        /// For whom it counted when it was sent, and for whom it was a highlight.
        let notified: [UserNID: Bool]
        var isRedacted = false
    }

    private(set) var messages: [(id: EventID, message: Message)] = []
    /// Since which place in `messages` users are in the room.
    private var joined: [UserNID: Int] = [:]
    /// Up to which place they have read, by threads.
    private var read: [UserNID: [ReceiptThread: Int]] = [:]

    var members: Set<UserNID> { Set(joined.keys) }
    /// What somebody can answer to, or read up to.
    var ids: [EventID] { messages.filter { !$0.message.isRedacted }.map(\.id) }

    func message(_ id: EventID) -> Message? { messages.first { $0.id == id }?.message }

    mutating func join(_ user: UserNID) { joined[user] = messages.count }
    mutating func leave(_ user: UserNID) { joined[user] = nil }
    mutating func add(_ id: EventID, _ message: Message) { messages.append((id, message)) }

    mutating func redact(_ id: EventID) {
        for index in messages.indices where messages[index].id == id { messages[index].message.isRedacted = true }
    }

    mutating func receipt(_ user: UserNID, _ thread: ReceiptThread, at id: EventID) {
        guard let place = messages.firstIndex(where: { $0.id == id }) else { return }
        read[user, default: [:]][thread] = max(read[user]?[thread] ?? -1, place)
    }

    /// What is unread for a member, counted from the beginning.
    func counts(for user: UserNID) -> UnreadCounts {
        var counts = UnreadCounts()
        guard let start = joined[user] else { return counts }
        for (place, (_, message)) in messages.enumerated().dropFirst(start) where !message.isRedacted {
            guard let highlights = message.notified[user] else { continue }
            let thread = message.root.map { ReceiptThread.thread(root: $0) } ?? .main
            if let mark = read[user]?[thread], place <= mark { continue }
            if let mark = read[user]?[.unthreaded], place <= mark { continue }
            let isAnswered = messages.dropFirst(place + 1).contains { later in
                later.message.sender == user && later.message.root == message.root && later.message.isSaid
            }
            if isAnswered { continue }
            let one = UnreadCount(notifications: 1, highlights: highlights ? 1 : 0)
            if let root = message.root {
                counts.threads[root] = (counts.threads[root] ?? UnreadCount()) + one
            } else {
                counts.main = counts.main + one
            }
        }
        return counts
    }
}
