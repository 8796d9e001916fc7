import Logging
package import Redis
import Synchronization
package import Telemetry

/// Hints over Redis.
package final class RedisHints: HintBus {
    /// Gives a message the next serial and publishes it, in one step: so every subscriber gets the messages in the order of
    /// their serials. Microseconds, because a counter would begin anew with an empty Redis, below the tokens that are out.
    private static let stampAndPublish = """
        local now = redis.call('TIME')
        local last = tonumber(redis.call('GET', KEYS[1]) or '0')
        local serial = string.format('%.0f', math.max(now[1] * 1000000 + now[2], last + 1))
        redis.call('SET', KEYS[1], serial)
        redis.call('PUBLISH', ARGV[1], serial .. ':' .. ARGV[2])
        return 1
        """

    private struct State {
        var subscriptions: [(channel: String, receive: @Sendable ([UInt8]) -> Void)] = []
        var observers: [@Sendable () -> Void] = []
    }

    private let client: RedisClient
    private let log: Log
    private let state = Mutex(State())

    package init(client: RedisClient, telemetry: Telemetry) {
        self.client = client
        log = telemetry.log.labelled("hints")
    }

    /// Subscribes to what was asked for before, and tells of each new connection, until the task is cancelled.
    package func run() async {
        for (channel, receive) in state.withLock({ $0.subscriptions }) { await client.subscribe(channel, receive) }
        for await connection in client.states() {
            switch connection {
            case .connected: for observer in state.withLock({ $0.observers }) { observer() }
            case .disconnected: log.debug("hints have stopped; the log is polled")
            }
        }
    }

    // MARK: HintBus

    package var isConnected: Bool { client.state == .connected }

    package func publish(_ payload: [UInt8], to channel: String) { client.publish(channel, payload) }

    /// To be called before `run`.
    package func subscribe(to channel: String, _ receive: @escaping @Sendable ([UInt8]) -> Void) {
        state.withLock { $0.subscriptions.append((channel, receive)) }
    }

    package func publishStamped(_ payload: [UInt8], to channel: String) async -> Bool {
        guard isConnected else { return false }
        let command: [[UInt8]] = [
            Array("EVAL".utf8), Array(Self.stampAndPublish.utf8), [UInt8(ascii: "1")],
            Array("\(channel):serial".utf8), Array(channel.utf8), payload,
        ]
        do {
            _ = try await client.command(command)
            return true
        } catch {
            log.debug("an ephemeral message was lost", [.cause: "\(error)"])
            return false
        }
    }

    package func subscribeStamped(
        to channel: String, _ receive: @escaping @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void
    ) {
        subscribe(to: channel) { message in
            guard let colon = message.firstIndex(of: UInt8(ascii: ":")),
                let serial = Int64(String(decoding: message[..<colon], as: UTF8.self)), serial > 0
            else { return }
            receive(serial, Array(message[(colon + 1)...]))
        }
    }

    package func observeConnection(_ connected: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(connected) }
    }
}
