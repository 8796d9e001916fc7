/// Names a scheduled timer.
package struct ReactorTimer: Sendable, Hashable {
    let id: UInt64
}

/// Timers by deadline: a binary heap, beside a table of the actions still wanted.
///
/// Cancelling only empties the table's entry; the heap's is dropped when it comes up, or when most of the heap is such.
struct TimerQueue {
    typealias Action = (ReactorLoop) -> Void

    private struct Entry {
        let deadline: MonotonicTime
        let id: UInt64
    }

    /// Below this many entries nothing is gained by rebuilding the heap.
    private static let compactionThreshold = 64

    private var heap: [Entry] = []
    private var actions: [UInt64: Action] = [:]
    private var lastID: UInt64 = 0

    var count: Int { actions.count }

    mutating func insert(at deadline: MonotonicTime, _ action: @escaping Action) -> ReactorTimer {
        lastID &+= 1
        actions[lastID] = action
        push(Entry(deadline: deadline, id: lastID))
        return ReactorTimer(id: lastID)
    }

    mutating func remove(_ timer: ReactorTimer) {
        guard actions.removeValue(forKey: timer.id) != nil else { return }
        guard heap.count > Self.compactionThreshold, heap.count > 2 * actions.count else { return }
        let wanted = heap.filter { actions[$0.id] != nil }
        heap = []
        for entry in wanted { push(entry) }
    }

    /// The action of the earliest timer, when it is due.
    mutating func popDue(at now: MonotonicTime) -> Action? {
        while let first = heap.first, first.deadline <= now {
            pop()
            if let action = actions.removeValue(forKey: first.id) { return action }
        }
        return nil
    }

    /// For `epoll_wait`: rounded up, so that the timer is due after the wait; -1 when there is no timer.
    mutating func millisecondsUntilNext(from now: MonotonicTime) -> Int32 {
        while let first = heap.first, actions[first.id] == nil { pop() }
        guard let first = heap.first else { return -1 }
        guard first.deadline > now else { return 0 }
        let nanoseconds = first.deadline.nanoseconds - now.nanoseconds
        return Int32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
