import MatrixCore
import Storage
import Synchronization

/// A notification on its way.
struct QueuedPush: Sendable, Hashable {
    let pusher: PusherKey
    /// `nil` when only the count is told.
    var event: WaitingPush?
    /// The place in the log that is not done before this is; `nil` when it is written down, or may be lost.
    var position: Int64?
}

/// What waits for one pusher, in order. While it is not empty one task works on it.
struct PusherQueue: Sendable {
    /// More than these nobody wants to be told of: the oldest go.
    static let maxWaiting = 32

    private(set) var waiting: [QueuedPush] = []
    /// Failed attempts since the last that succeeded.
    var failures = 0

    var first: QueuedPush? { waiting.first }
    var isFailing: Bool { failures > 0 }

    /// Adds a notification at the end.
    ///
    /// - Returns: what had to go for it.
    mutating func add(_ push: QueuedPush) -> QueuedPush? {
        // The count is told as it is when it is sent, so there need never be two.
        if push.event == nil, waiting.dropFirst().contains(where: { $0.event == nil }) { return push }
        waiting.append(push)
        // The first is under way.
        return waiting.count > Self.maxWaiting ? waiting.remove(at: 1) : nil
    }

    mutating func removeFirst() -> QueuedPush? { waiting.isEmpty ? nil : waiting.removeFirst() }

    /// The log need not wait for these any more.
    ///
    /// - Returns: the positions at which it did.
    mutating func markWritten(_ written: Set<QueuedPush>) -> [Int64] {
        var positions: [Int64] = []
        for index in waiting.indices where written.contains(waiting[index]) {
            if let position = waiting[index].position { positions.append(position) }
            waiting[index].position = nil
        }
        return positions
    }
}

/// How far a slot has come: up to the first position of which something is under way.
struct PushProgress: Sendable {
    private var open: [Int64: Int] = [:]
    private(set) var read: Int64

    init(from position: Int64) { read = position }

    /// Everything at or below is done.
    var done: Int64 { open.keys.min().map { min($0 - 1, read) } ?? read }

    var openCount: Int { open.count }

    mutating func begin(_ position: Int64) { open[position, default: 0] += 1 }

    mutating func end(_ position: Int64) {
        guard let count = open[position] else { return }
        open[position] = count > 1 ? count - 1 : nil
    }

    /// Everything at or below has been taken up.
    mutating func advance(to position: Int64) { read = max(read, position) }
}
