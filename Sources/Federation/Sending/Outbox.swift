import DequeModule
import MatrixCore
import Storage

/// An event as it goes to other servers.
struct OutgoingEvent: Sendable {
    let eventID: EventID
    let bytes: [UInt8]
}

/// An event on its way to one server.
struct QueuedEvent: Sendable {
    let event: OutgoingEvent
    let shard: Int16
    let position: Int64
    /// The slot's cursor waits for it. Otherwise the destination's record covers it.
    let isHeld: Bool
}

/// What goes to one server, in order, while a task works on it. A server for which there is nothing to do has none.
///
/// Pure: positions for which the slot's cursor has to wait are counted by the slot, which is told of each that ends.
struct Outbox: Sendable {
    /// Events that wait for one server. When there are more, the server is behind, and reads on from the database.
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
    private(set) var queue: Deque<QueuedEvent> = []
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

    /// Adds an event.
    ///
    /// - Returns: whether the cursor has to wait for it.
    mutating func add(_ event: OutgoingEvent, shard: Int16, position: Int64, limit: Int) -> Bool {
        let isHeld = phase == .live
        if !hasOverflowed, queue.count < limit {
            queue.append(QueuedEvent(event: event, shard: shard, position: position, isHeld: isHeld))
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
    }

    // MARK: What is to be done

    /// What is sent at once.
    struct Batch: Sendable {
        let events: [OutgoingEvent]
        let messages: [[UInt8]]
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
        inFlight = min(queue.count, TransactionLimits.events)
        let messages = messages.take(atMost: TransactionLimits.messages)
        guard inFlight > 0 || !messages.isEmpty else { return nil }
        return .send(Batch(events: queue.prefix(inFlight).map(\.event), messages: messages))
    }

    // MARK: What has been done

    typealias Place = (shard: Int16, position: Int64)

    /// The transaction got through.
    ///
    /// - Returns: the places for which the cursor need not wait any more.
    mutating func settle() -> [Place] {
        let places = queue.prefix(inFlight).filter(\.isHeld).map { (shard: $0.shard, position: $0.position) }
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
