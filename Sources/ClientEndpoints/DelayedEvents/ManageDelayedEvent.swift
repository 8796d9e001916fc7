package import HTTPAPI
package import MatrixCore
import Rooms

/// Cancels an event that waits, restarts its delay, or sends it now.
///
/// An access token is not asked for: clients and the servers of calls that keep a call alive for them send none, and the delay
/// id tells them from others. With one it has to be that of the user whose event it is.
///
/// - Spec: MSC4140
/// - Errors: 404 `M_NOT_FOUND`, 409 `M_UNKNOWN` when it was sent or cancelled and the action wants something else; for `send`
///   what sending an event answers.
package enum ManageDelayedEvent: Endpoint {
    package static let route = Route(
        "manageDelayedEvent", .post,
        "/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}/{action}",
        // The action stands in the body there.
        unstable: ["/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}"],
        rateLimit: .requests, guests: true)

    enum Action: String, CaseIterable {
        case cancel, restart, send
    }

    package struct Request: RequestDecodable {
        let delayID: String
        let action: Action

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            delayID = try input.path("delayId")
            if let name = try input.path(optional: "action") {
                guard let action = Action(rawValue: name) else { throw .unrecognized() }
                self.action = action
            } else {
                action = try input.body("action") { Action(rawValue: $0) }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUserOrAnyone, with services: RoomEndpointServices
    ) async throws -> EmptyObject {
        let user = caller.user?.userNID
        switch request.action {
        case .cancel: try await services.delayed.cancel(request.delayID, by: user)
        case .restart: try await services.delayed.restart(request.delayID, by: user)
        case .send: try await services.delayed.send(request.delayID, by: user)
        }
        return EmptyObject()
    }
}
