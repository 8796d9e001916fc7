import Cluster
package import FederationAPI
package import MatrixCore
import Telemetry

/// Takes in transactions of other servers.
///
/// When it returns, every event is in its room, or waits durably for what it builds on, or its sender is told why not; and messages
/// that must not be lost are kept.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1sendtxnid
package final class TransactionReceiver: Sendable {
    /// A server sends its next transaction when the one before was answered; only one that gave up waiting has more.
    static let limits = Places<ServerName>.Limits(
        ofKey: { _ in 1 }, inAll: 64, waitingOfKey: 4, waitingInAll: 512)
    private static let retryAfter = Duration.seconds(5)

    private let services: InboundServices
    private let pdus: PDUReceiver
    private let edus: EDUReceiver
    /// A server's transactions are worked on one after the other, as they were sent.
    private let places = Places(limits)
    private let memory = TransactionMemory()

    package init(_ services: InboundServices) {
        self.services = services
        pdus = PDUReceiver(services)
        edus = EDUReceiver(services)
    }

    /// - Parameters:
    ///   - id: as the sender counts its transactions.
    ///   - body: the bytes of the whole, by which one that comes again is known.
    ///   - origin: who signed the request.
    /// - Throws: 429 `M_LIMIT_EXCEEDED` when the sender, or everybody together, asks too much at once; anything else when
    ///   events could be neither written nor kept, or messages to devices not be stored. Sending the same again is right in both cases.
    package func receive(
        _ transaction: Transaction, id: String, body: some Sequence<UInt8>, from origin: ServerName
    ) async throws -> Transaction.Result {
        let digest = TransactionMemory.digest(origin, id, body)
        switch memory.begin(digest) {
        case .answered(let answer):
            services.metrics.count(transaction: .repeated)
            return answer
        case .underWay(let waiter):
            services.metrics.count(transaction: .repeated)
            guard let answer = await waiter.wait(cancelled: nil) else { throw refusal }
            return answer
        case .tooMany:
            services.metrics.count(transaction: .refused)
            throw refusal
        case .new:
            do {
                let answer = try await work(inTurn: transaction, from: origin)
                memory.end(digest, answer)
                services.metrics.count(transaction: .answered)
                return answer
            } catch {
                memory.end(digest, nil)
                services.metrics.count(transaction: .refused)
                services.log.info(
                    "a transaction was not taken in", [.origin: "\(origin)", .transactionID: id, .cause: "\(error)"])
                throw error
            }
        }
    }

    private var refusal: MatrixError { .limitExceeded(retryAfter: Self.retryAfter) }

    private func work(
        inTurn transaction: Transaction, from origin: ServerName
    ) async throws -> Transaction.Result {
        do {
            return try await places.hold(origin) { try await work(on: transaction, from: origin) }
        } catch is Places<ServerName>.Refusal {
            throw refusal
        }
    }

    private func work(on transaction: Transaction, from origin: ServerName) async throws -> Transaction.Result {
        // Before the events: keys come before what they open. What could not be kept is not acknowledged.
        try await edus.keep(transaction.edus, from: origin)
        let failures = try await pdus.receive(transaction.pdus, from: origin)
        // After the events: receipts are given for them.
        await edus.receive(transaction.edus, from: origin)
        return Transaction.Result(failures: failures)
    }
}
