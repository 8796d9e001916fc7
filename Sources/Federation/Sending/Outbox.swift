import DequeModule
import MatrixCore
import Storage

/// An event as it goes to other servers.
struct OutgoingEvent: Sendable {
    let eventID: EventID
    let bytes: [UInt8]
}

/// A durable message, and which of the sources keeps it.
struct OutgoingMessage: Sendable {
    let message: DurableMessage
    let source: Int
}

/// An event or a durable message on its way to one server.
struct QueuedItem: Sendable {
    enum Content: Sendable {
        case event(OutgoingEvent)
        case message(OutgoingMessage)

        /// Events are in memory once for all their servers; a message often is for one alone, and counts by its size.
        var weight: Int {
            switch self {
            case .event: 1
            case .message(let outgoing): 1 + outgoing.message.bytes.count / 4096
            }
        }
    }

    let content: Content
    let shard: Int16
    let position: Int64
    /// The slot's cursor waits for it. Otherwise the destination's record covers it.
    let isHeld: Bool
}

/// What goes to one server, in order, while a task works on it. A server for which there is nothing to do has none.
///
/// Pure: positions for which the slot's cursor has to wait are counted by the slot, which is told of each that ends.
struct Outbox: Sendable {
    /// What waits for one server, by weight. When there is more, the server is behind, and reads on from the database.
    static let maxQueued = 500
    /// The same when very much is waiting in all.
    static let maxQueuedWhenCrowded = 50

    enum Phase: Sendable {
        /// Events are sent as they come.
        case live
        /// What was missed is read from the database; what comes meanwhile is queued and covered by the record.
        case catchingUp
    }

    private(set) var phase = Phase.live
    /// There is a record in the database that says since when the server is behind.
    private(set) var isRecorded = false
    /// Since when it cannot be reached; ends with the first transaction that gets through.
    var trouble: DestinationTrouble?
    var messages = OutgoingMessages()
    private(set) var queue: Deque<QueuedItem> = []
    /// Of all that is in the queue.
    private(set) var weight = 0
    /// So many of the first of the queue are in a transaction.
    private(set) var inFlight = 0
    /// The first event of each shard that found no place.
    private var dropped: [Int16: Int64] = [:]
    /// Positions of events that were dropped, and for which the cursor waits.
    private var heldDrops: [(shard: Int16, position: Int64)] = []
    /// While catching up: everything at or below was sent.
    private(set) var caughtUp: LogVector?

    /// One that is up to date.
    init() {}

    /// One whose record is in the database.
    init(catchingUpAfter trouble: DestinationTrouble?) {
        phase = .catchingUp
        isRecorded = true
        self.trouble = trouble
    }

    var hasOverflowed: Bool { !dropped.isEmpty }

    // MARK: What comes

    /// Adds an event or a message.
    ///
    /// - Returns: whether the cursor has to wait for it.
    mutating func add(_ content: QueuedItem.Content, shard: Int16, position: Int64, limit: Int) -> Bool {
        let isHeld = phase == .live
        if !hasOverflowed, weight < limit {
            queue.append(QueuedItem(content: content, shard: shard, position: position, isHeld: isHeld))
            weight += content.weight
            return isHeld
        }
        if !hasOverflowed { overflow() }
        // The cursor waits for the first of the shard; or the record covers that, and all after it.
        guard dropped[shard] == nil else { return false }
        dropped[shard] = position
        if isHeld { heldDrops.append((shard, position)) }
        return isHeld
    }

    private mutating func overflow() {
        for entry in queue.dropFirst(inFlight) {
            dropped[entry.shard] = min(dropped[entry.shard] ?? .max, entry.position)
            if entry.isHeld { heldDrops.append((entry.shard, entry.position)) }
        }
        queue.removeLast(queue.count - inFlight)
        weight = queue.reduce(0) { $0 + $1.content.weight }
    }

    // MARK: What is to be done

    /// What is sent at once.
    struct Batch: Sendable {
        var events: [OutgoingEvent] = []
        /// They have to arrive.
        var durable: [OutgoingMessage] = []
        /// They may be lost.
        var ephemeral: [[UInt8]] = []

        var edus: [[UInt8]] { durable.map(\.message.bytes) + ephemeral }
        var isEmpty: Bool { events.isEmpty && durable.isEmpty && ephemeral.isEmpty }

        /// Adds the content of a queue's next item.
        ///
        /// - Returns: false when there is no place for it.
        mutating func add(_ content: QueuedItem.Content) -> Bool {
            switch content {
            case .event(let event):
                guard events.count < TransactionLimits.events else { return false }
                events.append(event)
            case .message(let message):
                guard durable.count < TransactionLimits.messages else { return false }
                durable.append(message)
            }
            return true
        }
    }

    enum Step: Sendable {
        case send(Batch)
        /// More came than finds place: it has to be written down that the server is behind.
        case record
        /// What was missed has to be read.
        case catchUp
        /// The server has got everything that its record covers.
        case forget
    }

    /// What is to be done next; `nil` when there is nothing.
    mutating func next() -> Step? {
        if phase == .catchingUp { return .catchUp }
        if hasOverflowed { return .record }
        // What the record covers comes first in the queue.
        if isRecorded, queue.first?.isHeld ?? true { return .forget }
        var batch = Batch()
        inFlight = queue.prefix { batch.add($0.content) }.count
        batch.ephemeral = messages.take(atMost: TransactionLimits.messages - batch.durable.count)
        // What was to go after something else goes now, when there is nothing else.
        if batch.isEmpty { batch.ephemeral = messages.take(atMost: TransactionLimits.messages) }
        return batch.isEmpty ? nil : .send(batch)
    }

    // MARK: What has been done

    typealias Place = (shard: Int16, position: Int64)

    /// The transaction got through.
    ///
    /// - Returns: the places for which the cursor need not wait any more.
    mutating func settle() -> [Place] {
        let places = queue.prefix(inFlight).filter(\.isHeld).map { (shard: $0.shard, position: $0.position) }
        weight -= queue.prefix(inFlight).reduce(0) { $0 + $1.content.weight }
        queue.removeFirst(inFlight)
        inFlight = 0
        return places
    }

    /// Everything at or below was sent, when `read` is how far the log has been taken up.
    func delivered(of read: LogVector) -> LogVector {
        if phase == .catchingUp { return caughtUp ?? read }
        var vector = read
        for entry in queue { vector[entry.shard] = min(vector[entry.shard], entry.position - 1) }
        for (shard, position) in dropped { vector[shard] = min(vector[shard], position - 1) }
        return vector
    }

    /// The record is written: from here on it covers everything.
    ///
    /// - Returns: the places for which the cursor need not wait any more.
    mutating func beginCatchingUp() -> [Place] {
        let places = queue.filter(\.isHeld).map { (shard: $0.shard, position: $0.position) } + heldDrops
        clear()
        phase = .catchingUp
        isRecorded = true
        return places
    }

    /// A round of catching up begins, over everything that has been taken up by now.
    mutating func beginRound() { clear() }

    private mutating func clear() {
        queue.removeAll()
        weight = 0
        inFlight = 0
        dropped = [:]
        heldDrops = []
    }

    /// What was missed is sent so far.
    mutating func note(caughtUp vector: LogVector) { caughtUp = vector }

    /// A round of catching up is over, and nothing was dropped meanwhile: the queue goes on from there.
    mutating func goLive() {
        phase = .live
        caughtUp = nil
    }

    /// The record is gone.
    mutating func forgetRecord() { isRecorded = false }
}

/// What one transaction holds at most.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#transactions
enum TransactionLimits {
    static let events = 50
    static let messages = 100
}
