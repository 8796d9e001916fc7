package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells the whole profile of anybody.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid
/// - Errors: 404 `M_NOT_FOUND`.
package enum GetUserProfile: Endpoint {
    package static let route = Route("getUserProfile", .get, "/_matrix/client/v3/profile/{userId}")

    package struct Request: RequestDecodable {
        let userID: UserID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.path("userId", UserID.init)
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> ProfileResponse {
        ProfileResponse(fields: try await services.profiles.profile(of: request.userID))
    }
}
