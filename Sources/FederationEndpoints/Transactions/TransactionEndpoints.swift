package import Federation
package import HTTPAPI

/// What the endpoints for transactions work with.
package struct TransactionEndpointServices: Sendable {
    package let receiver: TransactionReceiver

    package init(receiver: TransactionReceiver) { self.receiver = receiver }
}

/// The endpoints for transactions of other servers.
package enum TransactionEndpoints {
    package static let all: [any Endpoint<TransactionEndpointServices>.Type] = [SendTransaction.self]
}
