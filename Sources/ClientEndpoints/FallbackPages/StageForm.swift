import Accounts
import HTTPAPI
import MatrixCore

/// What a page asks, as fields of a form.
struct StageForm {
    let title: String
    let fields: HTML
    let button: String

    init(_ prompt: StagePrompt, languages: [String]) {
        switch prompt {
        case .password(let user):
            title = "Confirm that it is you"
            // The name is there for password managers, which find the password by it.
            fields = """
                <input type="text" name="user" value="\(user.description)" autocomplete="username" readonly hidden>
                <label for="password">Password</label>
                <input type="password" id="password" name="password" autocomplete="current-password" required autofocus>
                """
            button = "Confirm"
        case .registrationToken:
            title = "Registration token"
            fields = """
                <label for="token">The token that you were given for this server</label>
                <input type="text" id="token" name="token" autocomplete="off" autocapitalize="none" spellcheck="false" \
                maxlength="64" required autofocus>
                """
            button = "Continue"
        case .terms(let policies):
            title = "Terms"
            let boxes = policies.map { Self.box(for: $0, languages: languages) }
            fields = "<p>To have an account here you have to accept:</p>\n\(boxes)"
            button = "Accept"
        case .confirmation:
            title = "Confirm"
            fields = ""
            button = "Continue"
        }
    }

    private static func box(for policy: PolicyDocument, languages: [String]) -> HTML {
        let translation = policy.translation(for: languages)
        return """
            <label class="choice"><input type="checkbox" name="accept" value="\(policy.key)" required> \
            <a href="\(translation?.url ?? "")" target="_blank" rel="noopener noreferrer" \
            hreflang="\(translation?.language ?? "")">\(translation?.name ?? policy.id)</a></label>

            """
    }
}
