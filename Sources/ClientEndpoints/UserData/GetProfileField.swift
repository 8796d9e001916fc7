package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells one field of anybody's profile.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuseridkeyname
/// - Errors: 404 `M_NOT_FOUND`.
package enum GetProfileField: Endpoint {
    package static let route = Route(
        "getProfileField", .get, "/_matrix/client/v3/profile/{userId}/{keyName}")

    package static func handle(
        _ request: ProfileFieldRequest, from caller: Anyone, with services: AccountServices
    ) async throws -> ProfileResponse {
        let value = try await services.profiles.field(request.field, of: request.userID)
        return ProfileResponse(fields: [(request.field.name, value)])
    }
}

/// A request about one field of a profile.
package struct ProfileFieldRequest: RequestDecodable {
    let userID: UserID
    let field: ProfileField

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        userID = try input.path("userId", UserID.init)
        field = try ProfileField(try input.path("keyName"))
    }
}
