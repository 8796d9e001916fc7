package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells a filter of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridfilterfilterid
/// - Errors: 404 `M_NOT_FOUND`; 403 `M_FORBIDDEN`.
package enum GetFilter: Endpoint {
    package static let route = Route("getFilter", .get, "/_matrix/client/v3/user/{userId}/filter/{filterId}")

    package struct Request: RequestDecodable {
        let user: OwnUser
        let filterID: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            user = try OwnUser(from: input)
            filterID = try input.path("filterId")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> RawJSON {
        try request.user.check(caller)
        guard let filter = try await services.filters.filter(request.filterID, of: caller.userNID) else {
            throw MatrixError.notFound("Unknown filter")
        }
        return RawJSON(filter)
    }
}
