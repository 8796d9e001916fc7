package import Accounts
package import HTTPAPI
package import MatrixCore

/// The page of a stage of user-interactive authentication, for clients that do not know the stage.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#fallback
/// - Errors: pages, too: people read them.
package enum GetAuthFallback: Endpoint {
    package static let route = Route(
        "getAuthFallback", .get, "/_matrix/client/v3/auth/{authType}/fallback/web", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let place: StagePlace

        package init(from input: borrowing RequestInput) throws(MatrixError) { place = try StagePlace(from: input) }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> HTMLPage {
        try await StagePageView.answer(to: request.place) { stage, session in
            try await services.interactive.page(of: stage, session: session)
        }
    }
}
