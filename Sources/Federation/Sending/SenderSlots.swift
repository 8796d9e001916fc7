import Cluster
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// The slots that this worker works on, and how far they have been told of the log together.
///
/// A slot that was taken over reads on from its cursor at its own pace. As soon as it has got what the others have, it is
/// told with them: each row is read once, and none of them wakes up for itself.
final class SenderSlots: Sendable {
    private struct State {
        var slots: [Int: SenderSlot] = [:]
        /// Those that are told.
        var following: [Int: SenderSlot] = [:]
        var told: LogVector
    }

    /// Rings when a server is to be tried again.
    let alarm: Alarm
    private let state: Mutex<State>

    init(from start: LogVector, clock: any Clock) {
        alarm = Alarm(clock: clock)
        state = Mutex(State(told: start))
    }

    subscript(number: Int) -> SenderSlot? { state.withLock { $0.slots[number] } }
    var all: [SenderSlot] { state.withLock { Array($0.slots.values) } }

    /// Those that follow have been told of everything at or below.
    var told: LogVector { state.withLock { $0.told } }

    func open(_ slot: SenderSlot) {
        state.withLock { $0.slots[slot.number] = slot }
        // Its servers may be due.
        alarm.ring()
    }

    func close(_ slot: SenderSlot) {
        state.withLock { state in
            state.slots[slot.number] = nil
            state.following[slot.number] = nil
        }
    }

    /// Lets a slot that has read up to `cursor` be told from now on, if that is not less than the others have been.
    func join(_ slot: SenderSlot, at cursor: LogVector) -> Bool {
        state.withLock { state in
            guard cursor.covers(state.told) else { return false }
            state.following[slot.number] = slot
            return true
        }
    }

    /// Goes on to `cursor` when there is nobody to be told.
    func skip(to cursor: LogVector) -> Bool {
        state.withLock { state in
            guard state.following.isEmpty else { return false }
            state.told = cursor
            return true
        }
    }

    func tell(_ rows: [ReadRow], upTo cursor: LogVector) {
        state.withLock { state in
            for slot in state.following.values { slot.take(rows, upTo: cursor) }
            state.told = cursor
        }
    }
}

/// A row of the log with what it means for other servers.
struct ReadRow: Sendable {
    let shard: Int16
    let position: Int64
    let outgoing: OutgoingRow
    /// Durable messages, by slot.
    let messages: [Int: [(server: ServerName, message: OutgoingMessage)]]

    init(_ row: LogRow, _ outgoing: OutgoingRow, messages: [AddressedMessage] = [], from source: Int = 0) {
        shard = row.shard
        position = row.position
        self.outgoing = outgoing
        var bySlot: [Int: [(server: ServerName, message: OutgoingMessage)]] = [:]
        for addressed in messages {
            let message = OutgoingMessage(message: addressed.message, source: source)
            for server in addressed.servers {
                bySlot[DestinationSlots.slot(of: server), default: []].append((server, message))
            }
        }
        self.messages = bySlot
    }
}
