package import Accounts
package import HTTPAPI
import HTTPTypes
package import MatrixCore

/// Takes what a person has entered on a stage's page.
///
/// Nobody is known here by a cookie: whoever submits must hold the session and the answer. A form on another site is refused
/// all the same, so that no page can use its visitors' browsers to try out passwords.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#fallback
package enum SubmitAuthFallback: Endpoint {
    package static let route = Route(
        "submitAuthFallback", .post, "/_matrix/client/v3/auth/{authType}/fallback/web", rateLimit: .logins,
        body: .form)

    /// What browsers say of a form that stood on our own page; old ones say nothing.
    private static let ownForms: Set<String> = ["same-origin", "none"]

    package struct Request: RequestDecodable {
        let place: StagePlace
        let answers: StageAnswers
        let isFromOtherSite: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            place = try StagePlace(from: input)
            let form = try input.form()
            answers = StageAnswers(password: form["password"], token: form["token"], accepted: form.all("accept"))
            isFromOtherSite = input.header(.secFetchSite).map { !ownForms.contains($0) } ?? false
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: AccountServices
    ) async throws -> HTMLPage {
        guard !request.isFromOtherSite else {
            return HTMLPage(
                title: "Not from here", message: "This form was sent by another site, so it was not used.",
                status: .forbidden)
        }
        return try await StagePageView.answer(to: request.place) { stage, session in
            try await services.interactive.submit(request.answers, to: stage, session: session)
        }
    }
}
