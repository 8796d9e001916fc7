import MatrixCore
import Storage
import Telemetry

/// Events that a client was told one after the other, without a gap between them.
struct TimelinePiece {
    /// Oldest first.
    var ids: [String] = []
    /// Whether the client was told that something is missing before them.
    let followsGap: Bool
    /// Where the history asks for what is missing.
    let previousBatch: String?
}

/// What a client has put together of a room from what it was told.
struct FollowedRoom {
    var membership: String?
    /// The content of each state event, by type and key.
    var state: [String: JSONValue] = [:]
    /// The timeline since the client began to follow the room, the oldest piece first.
    var pieces: [TimelinePiece] = []
    /// All events that timelines ever showed.
    var shown: Set<String> = []
    /// Senders of what was shown since the client began to follow the room.
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

    /// Takes in a timeline of an answer.
    ///
    /// - Parameters:
    ///   - isLimited: whether the answer says that something is missing before it.
    ///   - beginsAnew: whether the client forgets what it was told before.
    mutating func add(_ timeline: [JSONView], isLimited: Bool, previousBatch: String?, beginsAnew: Bool) {
        if beginsAnew { (pieces, senders) = ([], []) }
        if isLimited || pieces.isEmpty {
            pieces.append(TimelinePiece(followsGap: isLimited, previousBatch: previousBatch))
        }
        let ids = timeline.compactMap { $0["event_id"]?.string }
        pieces[pieces.count - 1].ids += ids
        shown.formUnion(ids)
        senders.formUnion(timeline.compactMap { $0["sender"]?.string })
    }

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
    /// Whether it hears that it begins to follow a room anew, whatever happened since it last asked.
    var knowsBeginnings: Bool { get }
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
    /// What happens to timelines on their way to the client.
    var accident: TimelineAccident { get set }

    /// Asks once, through any worker, for some of what there is.
    mutating func follow(through worker: TestWorker, _ random: SeededRandomSource) async throws
    /// Asks for all of it.
    mutating func catchUp(through worker: TestWorker) async throws
}

/// What a server could do wrong with a timeline.
enum TimelineAccident: CaseIterable, Sendable {
    case none
    /// An event is left out.
    case skips
    /// An event is told a second time.
    case repeats
    /// Two events come in the wrong order.
    case swaps
    /// A gap is not told.
    case hidesGaps

    func happen(to timeline: [JSONView]) -> [JSONView] {
        guard timeline.count > 1 else { return timeline }
        switch self {
        case .none, .hidesGaps: return timeline
        case .skips: return Array(timeline.dropLast(2)) + timeline.suffix(1)
        case .repeats: return timeline + timeline.suffix(1)
        case .swaps: return Array(timeline.dropLast(2)) + timeline.suffix(2).reversed()
        }
    }
}
