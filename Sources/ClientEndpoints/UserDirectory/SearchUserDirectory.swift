package import HTTPAPI
package import MatrixCore
import Search

/// Finds people by their names and ids.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch
/// - Errors: 400 `M_MISSING_PARAM`, and `M_INVALID_PARAM` for a term that is too long.
package enum SearchUserDirectory: Endpoint {
    package static let route = Route(
        "searchUserDirectory", .post, "/_matrix/client/v3/user_directory/search", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let term: String
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            term = try input.body("search_term")
            limit = try input.body(optional: "limit") ?? UserDirectory.defaultLimit
        }
    }

    package struct Response: JSONResponse {
        let users: [FoundUser]
        let isLimited: Bool

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("results")
                json.array { json in
                    for user in users {
                        json.object {
                            $0.field("user_id", user.userID)
                            $0.field(optional: "display_name", user.displayName)
                            $0.field(optional: "avatar_url", user.avatarURL)
                        }
                    }
                }
                json.field("limited", isLimited)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SearchServices
    ) async throws -> Response {
        let found = try await services.users.search(request.term, by: caller.userNID, limit: request.limit)
        return Response(users: found.users, isLimited: found.isLimited)
    }
}
