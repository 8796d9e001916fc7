import Federation
package import FederationAPI
package import HTTPAPI
package import MatrixCore
import NIOCore

/// Takes in what another server sends: events of rooms, and ephemeral messages.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1sendtxnid
/// - Errors: 400 `M_BAD_JSON` for more than 50 events or 100 messages, 429 `M_LIMIT_EXCEEDED` when the sender has too much
///   under way. What is wrong with single events stands in the answer.
package enum SendTransaction: Endpoint {
    package static let route = Route(
        "sendTransaction", .put, "/_matrix/federation/v1/send/{txnId}", body: .largeJSON)

    package struct Request: RequestDecodable {
        let id: String
        let transaction: Transaction
        let body: [UInt8]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            id = try input.path("txnId")
            // Without a body there is nothing to be taken in.
            _ = try input.body()
            transaction = try Transaction(try input.fields())
            body = Array(input.bodyBytes.readableBytesView)
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: TransactionEndpointServices
    ) async throws -> Transaction.Result {
        try await services.receiver.receive(
            request.transaction, id: request.id, body: request.body, from: caller.serverName)
    }
}
