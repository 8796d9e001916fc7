package import Accounts
package import HTTPAPI
package import MatrixCore

/// Stores a filter, to be named later by its id.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter
/// - Errors: 400 `M_BAD_JSON` for what is no filter; 403 `M_FORBIDDEN`.
package enum DefineFilter: Endpoint {
    package static let route = Route("defineFilter", .post, "/_matrix/client/v3/user/{userId}/filter")

    package struct Request: RequestDecodable {
        let user: OwnUser
        let filter: JSONView

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            user = try OwnUser(from: input)
            filter = try input.body().root
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> JSONValue {
        try request.user.check(caller)
        return ["filter_id": .string(try await services.filters.define(request.filter, for: caller.userNID))]
    }
}
