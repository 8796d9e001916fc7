package import HTTPAPI
import Push

/// Tells all push rules of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrules
package enum GetPushRules: Endpoint {
    package static let route = Route(
        "getPushRules", .get, "/_matrix/client/v3/pushrules/", "/_matrix/client/v3/pushrules")

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> RawJSON {
        RawJSON(try await services.rules.content(of: caller.userNID))
    }
}
