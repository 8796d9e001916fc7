package import HTTPAPI
import MatrixCore
import Push

/// Tells the push rules of the caller, without the scope around them.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobal
package enum GetPushRulesGlobal: Endpoint {
    package static let route = Route(
        "getPushRulesGlobal", .get, "/_matrix/client/v3/pushrules/global/", "/_matrix/client/v3/pushrules/global")

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> RawJSON {
        let rules = try await services.rules.ruleset(of: caller.userNID)
        return RawJSON(JSONWriter.write { rules.write(to: &$0) })
    }
}
