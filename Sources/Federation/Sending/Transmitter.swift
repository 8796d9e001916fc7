import Cluster
import FederationAPI
import Logging
import MatrixCore
import Rooms
import Telemetry

/// Sends transactions, one at a time for each server, and so many at a time that servers which hang do not hold up those
/// that answer: most answer within a second, and one that takes longer gives its place to the next and goes on beside.
struct Transmitter: Sendable {
    enum Line: Sendable {
        /// Servers that got the last transaction.
        case healthy
        /// Servers that did not wait in a line of their own.
        case doubtful
    }

    static let limits = Places<Line>.Limits(ofKey: { $0 == .healthy ? 64 : 128 }, aside: 256)
    /// After it one of a healthy server steps aside.
    static let patience = Duration.seconds(5)

    private let client: FederationClient
    private let own: ServerName
    private let places = Places(limits)
    private let timeouts: Timeouts
    private let metrics: SenderMetrics
    private let telemetry: Telemetry

    init(_ services: SenderServices, metrics: SenderMetrics) {
        client = services.client
        own = services.rooms.server.name
        timeouts = services.timeouts
        self.metrics = metrics
        telemetry = services.telemetry
    }

    /// Sends a transaction, and returns when the server has taken it.
    ///
    /// - Throws: `TransmissionFailure` when it has not; `CancellationError`.
    func send(_ batch: Outbox.Batch, to server: ServerName, in line: Line) async throws {
        try await places.hold(line) { place in
            let ticket = line == .healthy ? timeouts.add(after: Self.patience) { place.stepAside() } : nil
            defer { if let ticket { timeouts.remove(ticket) } }
            let now = telemetry.clock.nowMilliseconds
            let body = Transaction.body(
                origin: own, originServerTS: now, pdus: batch.events.map(\.bytes), edus: batch.edus)
            let id = Self.transactionID(of: batch, to: server, now: now)
            let begun = telemetry.clock.monotonic
            var isDelivered = false
            metrics.begin()
            defer {
                metrics.end(
                    after: telemetry.clock.monotonic - begun, events: batch.events.count,
                    messages: batch.durable.count + batch.ephemeral.count, isDelivered: isDelivered)
            }
            do {
                note(try await client.sendTransaction(body, id: id, to: server), of: server)
                isDelivered = true
            } catch FederationError.notAllowed {
                // The operator wants nothing to be sent there, now or later.
                telemetry.log.debug("nothing is sent to a server that is not allowed", [.destination: "\(server)"])
            } catch {
                try Task.checkCancellation()
                throw TransmissionFailure(cause: error)
            }
        }
    }

    private func note(_ result: Transaction.Result, of server: ServerName) {
        guard telemetry.log.writes(.debug) else { return }
        for case (let eventID, let error?) in result.failures {
            telemetry.log.debug(
                "a server refused an event",
                [.destination: "\(server)", .eventID: "\(eventID)", .cause: String(error.prefix(200))])
        }
    }

    /// The same for the same content, so that a server which got a transaction whose answer was lost knows it again.
    static func transactionID(of batch: Outbox.Batch, to server: ServerName, now: Int64) -> String {
        var content = Array("\(server)\n".utf8)
        for event in batch.events { content.append(contentsOf: "\(event.eventID)\n".utf8) }
        for message in batch.edus { content.append(contentsOf: message) }
        // The same message may have to be said again: typing, not typing, typing.
        if batch.events.isEmpty, batch.durable.isEmpty { content.append(contentsOf: "\(now)".utf8) }
        return Base64.encodeURLSafe(SHA256.hash(content).prefix(18))
    }
}

/// A server did not take a transaction.
struct TransmissionFailure: Error {
    let cause: any Error
}
