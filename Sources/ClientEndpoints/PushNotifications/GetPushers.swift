package import HTTPAPI
import Push

/// Tells the pushers of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushers
package enum GetPushers: Endpoint {
    package static let route = Route("getPushers", .get, "/_matrix/client/v3/pushers")

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> RawJSON {
        RawJSON(try await services.pushers.content(of: caller.userNID))
    }
}
