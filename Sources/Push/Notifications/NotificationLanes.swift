import MatrixCore
import Storage

/// What was found of a user's notifications, a lane for each shard of the log: within one the order is certain, between them the
/// time tells.
struct NotificationLanes: Sendable {
    private struct Lane: Sendable {
        /// Oldest first, so that the newest is taken from the end.
        var events: [NotifiedEvent] = []
        /// Up to where all rooms of the shard were looked at; `nil` when nothing is before the oldest event.
        var end: TimelinePlace?
    }

    private var lanes: [Int16: Lane] = [:]

    init() {}

    init(_ found: [NotifiedEvents], of questions: [NotificationQuestion]) {
        for (found, question) in zip(found, questions) {
            lanes[question.room.shard, default: Lane()].events += found.events
            guard let end = found.end else { continue }
            let known = lanes[question.room.shard]?.end
            lanes[question.room.shard]?.end = known.map { max($0, end) } ?? end
        }
        for (shard, lane) in lanes {
            // What is before that is found again when all that is beside it is looked at.
            let certain = lane.end.map { end in lane.events.filter { $0.place >= end } } ?? lane.events
            lanes[shard]?.events = certain.sorted { $0.place < $1.place }
        }
    }

    /// Whether some lane has nothing certain and yet goes on: what it leads to may be newer than what the others have.
    var isStuck: Bool { lanes.values.contains { $0.events.isEmpty && $0.end != nil } }

    var hasMore: Bool { lanes.values.contains { !$0.events.isEmpty || $0.end != nil } }

    /// Goes on behind what was looked at, where that came to nothing.
    func passOver(_ cursor: inout NotificationCursor) {
        for (shard, lane) in lanes where lane.events.isEmpty {
            if let end = lane.end { cursor.move(to: end, in: shard) }
        }
    }

    /// Takes the newest events.
    mutating func take(_ limit: Int, moving cursor: inout NotificationCursor) -> [NotifiedEvent] {
        var taken: [NotifiedEvent] = []
        while taken.count < limit, let shard = newest(after: taken.last) {
            guard let event = lanes[shard]?.events.popLast() else { break }
            taken.append(event)
            cursor.move(to: event.place, in: shard)
            // What comes next in this lane is not known; it may be newer than what the others have.
            if lanes[shard]?.events.isEmpty == true, lanes[shard]?.end != nil { break }
        }
        return taken
    }

    /// The lane with the newest event; of what came with one row all is taken before another lane has its turn.
    private func newest(after last: NotifiedEvent?) -> Int16? {
        if let last, let next = lanes[last.room.shard]?.events.last, next.place.position == last.place.position {
            return last.room.shard
        }
        return lanes.compactMap { shard, lane in lane.events.last.map { (shard: shard, time: $0.time) } }
            .max { ($0.time, $1.shard) < ($1.time, $0.shard) }?.shard
    }
}
