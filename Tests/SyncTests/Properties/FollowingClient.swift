import MatrixCore
import Storage
import Telemetry

/// What a client has put together of a room from what it was told.
struct FollowedRoom {
    var membership: String?
    /// The content of each state event, by type and key.
    var state: [String: JSONValue] = [:]
    /// Ids of the timeline's events, oldest first; a new piece begins wherever there is a gap.
    var pieces: [[String]] = [[]]
    /// The first piece since the client was last told the room from the start.
    var firstPiece = 0
    /// Senders of what was shown.
    var senders: Set<String> = []
    /// The newest receipt of each user, kind and thread.
    var receipts: [String: String] = [:]
    /// What is unread: all of it together, or of the main timeline where threads are told apart.
    var unread: UnreadCount?
    var unreadThreads: [EventID: UnreadCount] = [:]
    /// Joined and invited members.
    var members: (joined: Int64, invited: Int64)?
    var name: String?
    var isDirect = false
    var accountData: [String: JSONValue] = [:]

    /// - Parameter event: an `m.receipt` event.
    mutating func apply(receipt event: JSONView) {
        guard let events = event["content"]?.object else { return }
        for (event, kinds) in events {
            guard let kinds = kinds.object else { continue }
            for (kind, users) in kinds {
                guard let users = users.object else { continue }
                for (user, data) in users {
                    receipts["\(user)|\(kind)|\(data["thread_id"]?.string ?? "")"] = event
                }
            }
        }
    }

    mutating func add(_ timeline: [JSONView]) {
        pieces[pieces.count - 1] += timeline.compactMap { $0["event_id"]?.string }
        senders.formUnion(timeline.compactMap { $0["sender"]?.string })
    }
}

/// A client that follows rooms by some protocol and believes what it is told. Copies of it are earlier states of itself: a client
/// that lost an answer goes on from one.
protocol FollowingClient: Sendable {
    var user: UserRecord { get }
    /// Tells it from others of the user, and how it asks.
    var name: String { get }
    /// Whether it is told only the members that it needs.
    var isLazy: Bool { get }
    /// Whether it can be told state that is not what the last event of the timeline made of it.
    var knowsContestedState: Bool { get }
    /// Whether it is told whatever changes what is unread.
    var knowsUnread: Bool { get }
    /// Whether threads are told apart in what is unread.
    var separatesThreads: Bool { get }
    /// Whether all receipts are told, not only those at what it is shown.
    var knowsAllReceipts: Bool { get }
    /// Which events it wants in timelines.
    func wants(_ event: Event) -> Bool
    /// Which state it is told whenever it changes, members aside.
    func follows(_ key: StateKey) -> Bool
    /// Which rooms it wants at all.
    func wants(room: RoomID) -> Bool
    /// Rooms by their ids.
    var rooms: [String: FollowedRoom] { get }
    var joined: Set<String> { get }
    var invited: Set<String> { get }
    var accountData: [String: JSONValue] { get }

    /// Asks once, through any worker, for some of what there is.
    mutating func follow(through worker: TestWorker, _ random: SeededRandomSource) async throws
    /// Asks for all of it.
    mutating func catchUp(through worker: TestWorker) async throws
}
