import DequeModule
import NIOCore
import Synchronization

/// The connections that wait for their next request.
///
/// It is bounded in all and per destination; the one that has waited longest is closed first.
final class ConnectionPool: Sendable {
    /// What a connection can be used for again: the same certificate name at the same place.
    struct Key: Hashable, Sendable {
        let isTLS: Bool
        let certificateName: String
        let host: String
        let port: Int
    }

    private struct Entry {
        let number: UInt64
        let connection: OutboundConnection
    }

    private struct State {
        var entries: [Key: [Entry]] = [:]
        /// In the order in which they came; numbers of connections that were taken again are stale.
        var order: Deque<(key: Key, number: UInt64)> = []
        var count = 0
        var nextNumber: UInt64 = 0
        var isClosed = false
    }

    private let maximumConnections: Int
    private let maximumPerKey: Int
    private let idleTimeout: TimeAmount
    private let state = Mutex(State())

    init(maximumConnections: Int, maximumPerKey: Int, idleTimeout: TimeAmount) {
        self.maximumConnections = maximumConnections
        self.maximumPerKey = maximumPerKey
        self.idleTimeout = idleTimeout
    }

    /// The connection that waits since the shortest time, as it is the least likely to be closed by its server.
    func take(_ key: Key) -> OutboundConnection? {
        state.withLock { state in
            guard let entry = state.entries[key]?.popLast() else { return nil }
            if state.entries[key]?.isEmpty == true { state.entries[key] = nil }
            state.count -= 1
            return entry.connection
        }
    }

    /// Keeps a connection whose exchange is over, and closes it when it cannot be kept.
    func give(_ connection: OutboundConnection, for key: Key) async {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let isReusable = await connection.rest(timeout: idleTimeout) { [weak self] in self?.forget(number, of: key) }
        guard isReusable else { return }
        let surplus = state.withLock { state -> [OutboundConnection] in
            if state.isClosed { return [connection] }
            state.entries[key, default: []].append(Entry(number: number, connection: connection))
            state.order.append((key, number))
            state.count += 1
            return Self.trim(&state, key, maximumConnections, maximumPerKey)
        }
        for connection in surplus { connection.close() }
        // It may have ended between resting and being kept, and been forgotten too early.
        if !connection.channel.isActive { forget(number, of: key) }
    }

    private static func trim(_ state: inout State, _ key: Key, _ maximum: Int, _ maximumPerKey: Int)
        -> [OutboundConnection]
    {
        var surplus: [OutboundConnection] = []
        if let entries = state.entries[key], entries.count > maximumPerKey {
            surplus.append(entries[0].connection)
            state.entries[key]?.removeFirst()
            state.count -= 1
        }
        while state.count > maximum || state.order.count > 4 * maximum, let oldest = state.order.popFirst() {
            guard let index = state.entries[oldest.key]?.firstIndex(where: { $0.number == oldest.number }),
                let entry = state.entries[oldest.key]?.remove(at: index)
            else { continue }
            if state.entries[oldest.key]?.isEmpty == true { state.entries[oldest.key] = nil }
            state.count -= 1
            surplus.append(entry.connection)
        }
        return surplus
    }

    private func forget(_ number: UInt64, of key: Key) {
        state.withLock { state in
            guard let index = state.entries[key]?.firstIndex(where: { $0.number == number }) else { return }
            state.entries[key]?.remove(at: index)
            if state.entries[key]?.isEmpty == true { state.entries[key] = nil }
            state.count -= 1
        }
    }

    /// How many connections wait.
    var count: Int { state.withLock { $0.count } }

    /// Closes all and keeps no more.
    func close() {
        let connections = state.withLock { state -> [OutboundConnection] in
            state.isClosed = true
            defer {
                state.entries = [:]
                state.order = []
                state.count = 0
            }
            return state.entries.values.flatMap { $0.map(\.connection) }
        }
        for connection in connections { connection.close() }
    }
}
