import Accounts
import HTTPAPI
import HTTPTypes
import MatrixCore

/// Writes the pages of stages.
enum StagePageView {
    /// Tells the client that opened the page, in the specification's words.
    private static let done = EmbeddedText(
        """
        if (window.onAuthDone) {
            window.onAuthDone();
        } else if (window.opener && window.opener.postMessage) {
            window.opener.postMessage("authDone", "*");
        }
        """)

    /// The page that a stage's state is shown by, errors included.
    static func answer(
        to place: StagePlace, _ state: (AuthStage, String) async throws -> StagePage
    ) async throws -> HTMLPage {
        guard let session = place.session else {
            return HTMLPage(
                title: "Nothing to do", message: "The address of this page lacks its session.", status: .badRequest)
        }
        do {
            return page(try await state(place.stage, session), languages: place.languages)
        } catch let failure as StagePageFailure {
            return page(failure)
        } catch let error as MatrixError where error.errcode == .limitExceeded {
            return HTMLPage(
                title: "Too many attempts", message: "Please wait a moment, and then load this page again.",
                status: .tooManyRequests)
        }
    }

    private static func page(_ failure: StagePageFailure) -> HTMLPage {
        switch failure {
        case .stageIsUnknown:
            HTMLPage(
                title: "Nothing here", message: "This server knows no such way to authenticate.", status: .notFound)
        case .sessionIsOver:
            HTMLPage(
                title: "Too late", message: "This session is over. Please go back to your app and start again.",
                status: .notFound)
        case .stageIsNotNext:
            HTMLPage(
                title: "Not now", message: "This step is not the next one. Please go back to your app.",
                status: .badRequest)
        }
    }

    private static func page(_ page: StagePage, languages: [String]) -> HTMLPage {
        switch page.state {
        case .isComplete:
            return HTMLPage(
                title: "Thank you", content: "<p role=\"status\">You can close this page and go back to your app.</p>",
                script: done)
        case .asks(let prompt, let refusal):
            let form = StageForm(prompt, languages: languages)
            let content: HTML = """
                \(refusal.map { problem($0) })
                <p>\(purpose(of: page))</p>
                <form method="post" accept-charset="utf-8">
                \(form.fields)
                <button type="submit">\(form.button)</button>
                </form>
                """
            return HTMLPage(
                title: form.title, content: content, status: refusal.map { status(of: $0) } ?? .ok)
        }
    }

    /// What the step is for, so that nobody is talked into something else.
    private static func purpose(of page: StagePage) -> HTML {
        guard let user = page.user?.description else { return "An app wants to create an account here." }
        let intent =
            switch page.operation {
            case "deleteDevice": "sign out a device of"
            case "deleteDevices": "sign out devices of"
            case "changePassword": "change the password of"
            case "deactivateAccount": "end for good"
            case "uploadCrossSigningKeys": "set the encryption identity of"
            default: "change something about"
            }
        return """
            An app wants to \(intent) the account <strong>\(user)</strong>. Go on only if you have just asked for that yourself.
            """
    }

    private static func problem(_ refusal: Accounts.AuthRefusal) -> HTML {
        let text =
            switch refusal {
            case .passwordIsWrong, .missing("password"): "This is not the password."
            case .registrationTokenIsWrong, .missing("token"): "This token cannot be used."
            case .termsAreNotAccepted: "Please accept each of the documents."
            case .termsHaveChanged: "The documents have changed. Please look at them again."
            default: refusal.message
            }
        return "<p class=\"problem\" role=\"alert\">\(text)</p>"
    }

    private static func status(of refusal: Accounts.AuthRefusal) -> HTTPResponse.Status {
        if case .missing = refusal { .badRequest } else { .forbidden }
    }
}
