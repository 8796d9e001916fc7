package import HTTPAPI
package import MatrixCore
package import Push

/// Lists what the caller was notified about, newest first.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications
/// - Errors: 400 `M_INVALID_PARAM` for a token of nobody's.
package enum GetNotifications: Endpoint {
    package static let route = Route("getNotifications", .get, "/_matrix/client/v3/notifications")

    package struct Request: RequestDecodable {
        let from: String?
        let limit: Int?
        let onlyHighlights: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            from = input.query(optional: "from")
            limit = try input.query(number: "limit", in: 0...Int(Int32.max))
            onlyHighlights = input.query(optional: "only") == "highlight"
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> NotificationList.Page {
        var wanted = NotificationList.Request(user: caller.userNID, deviceID: caller.deviceID)
        wanted.from = request.from
        wanted.limit = request.limit ?? NotificationList.defaultLimit
        wanted.onlyHighlights = request.onlyHighlights
        return try await services.notifications.page(wanted)
    }
}

extension NotificationList.Page: JSONResponse {
    package var expectedBytes: Int { notifications.reduce(128) { $0 + $1.count + 1 } }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field(optional: "next_token", next)
            json.array(key: "notifications") { for one in notifications { $0.raw(one) } }
        }
    }
}
