package import DeviceMessages
package import HTTPAPI
package import MatrixCore

/// Sends messages to devices, of local users and of others'; the same transaction id of the same device sends them once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, and `M_INVALID_PARAM` for user ids that are none; 413 `M_TOO_LARGE`. Users and
///   devices that are not there are no error.
package enum SendToDevice: Endpoint {
    package static let route = Route(
        "sendToDevice", .put, "/_matrix/client/v3/sendToDevice/{eventType}/{txnId}", body: .largeJSON, guests: true)

    package struct Request: RequestDecodable {
        let type: String
        let transactionID: String
        let messages: ToDeviceMessages

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            type = try input.path("eventType")
            transactionID = try input.path("txnId")
            messages = try ToDeviceMessages(fromClient: try input.body("messages"))
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: ToDeviceSending
    ) async throws -> EmptyObject {
        try await services.send(
            request.messages, ofType: request.type, by: caller.userNID, device: caller.deviceID,
            transactionID: request.transactionID)
        return EmptyObject()
    }
}

/// The endpoints about messages to devices.
package enum SendToDeviceEndpoints {
    package static let all: [any Endpoint<ToDeviceSending>.Type] = [SendToDevice.self]
}
