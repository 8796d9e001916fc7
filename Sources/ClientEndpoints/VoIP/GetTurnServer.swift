import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells the caller how to use the relays for calls.
///
/// Without a relay the answer is an empty object, as clients know it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver
/// - Errors: 403 `M_GUEST_ACCESS_FORBIDDEN` where guests may not use the relays.
package enum GetTurnServer: Endpoint {
    package static let route = Route(
        "getTurnServer", .get, "/_matrix/client/v3/voip/turnServer", rateLimit: .requests, guests: true)

    package struct Response: JSONResponse {
        let grant: RelayCredentials.Grant?

        package func write(to json: inout JSONWriter) {
            json.object { json in
                guard let grant else { return }
                json.field("username", grant.username)
                json.field("password", grant.password)
                json.field("uris", strings: grant.uris)
                json.field("ttl", grant.secondsToLive)
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: CredentialServices
    ) async throws -> Response { Response(grant: try services.relays?.grant(to: caller)) }
}
