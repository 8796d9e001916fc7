import Accounts
import EndpointsTesting
import HTTPTypes
import MatrixCore
import NIOCore
import Storage
import Testing

@Suite struct AuthFallbackTests {
    private static let terms = [
        PolicyDocument(
            id: "privacy", version: "1.0",
            translations: [
                .init(language: "en", name: "Privacy <policy>", url: "https://example.org/?a=1&b=2"),
                .init(language: "fr", name: "Confidentialité", url: "https://example.org/fr"),
            ])
    ]
    private static let script = "window.opener.postMessage(\"authDone\", \"*\")"

    private func path(_ stage: String, _ session: String) -> String { "/auth/\(stage)/fallback/web?session=\(session)" }

    private func challenge(_ api: AccountAPI, _ session: AccountAPI.Session) async throws -> String {
        try #require(await api.ask(.delete, "/devices/OLD", as: session)["session"]?.string)
    }

    @Test func aPasswordOnThePageLetsTheClientGoOn() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let session = try await challenge(api, alice)
            let place = path("m.login.password", session)
            let page = await api.open(.get, place)
            #expect(page.status == 200 && page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.text.contains("@alice:example.org") && page.text.contains("type=\"password\""))
            #expect(page.text.contains("sign out a device of") && !page.text.contains("<script"))
            #expect(page.headers[.cacheControl] == "no-store")
            #expect(page.headers[HTTPField.Name("X-Frame-Options")!] == "DENY")
            let wrong = await api.open(.post, place, form: "password=wrong")
            #expect(wrong.status == 403 && wrong.text.contains("role=\"alert\""))
            #expect(wrong.text.contains("This is not the password.") && !wrong.text.contains("wrong"))
            let none = await api.open(.post, place, form: "")
            #expect(none.status == 400 && none.text.contains("role=\"alert\""))
            let waiting = await api.ask(.delete, "/devices/OLD", ["auth": ["session": .string(session)]], as: alice)
            #expect(waiting.status == 401)
            let right = await api.open(.post, place, form: "user=x&password=correct+horse")
            #expect(right.status == 200 && right.text.contains("window.onAuthDone") && right.text.contains(Self.script))
            #expect(right.headers[.contentSecurityPolicy]?.contains("script-src 'sha256-") == true)
            let done = await api.ask(.delete, "/devices/OLD", ["auth": ["session": .string(session)]], as: alice)
            #expect(done.status == 200)
            #expect(await api.open(.get, place).status == 404)
        }
    }

    @Test func aRegistrationGoesThroughThePagesOfItsStages() async throws {
        let policy = RegistrationPolicy(isOpen: false, requiresToken: true, terms: Self.terms)
        try await AccountAPI.with(registration: policy) { api in
            _ = try await api.sessions.createRegistrationToken("invite", usesAllowed: 1, expiresMilliseconds: nil)
            let request: JSONValue = ["username": "alice", "password": "s3kr1t"]
            let session = try #require(await api.ask(.post, "/register", request)["session"]?.string)
            #expect(await api.open(.get, path("m.login.terms", session)).status == 400)
            let token = path("m.login.registration_token", session)
            #expect(await api.open(.get, token).text.contains("name=\"token\""))
            let wrong = await api.open(.post, token, form: "token=%3Cb%3E")
            #expect(wrong.status == 403 && wrong.text.contains("This token cannot be used."))
            #expect(await api.open(.post, token, form: "token=invite").text.contains(Self.script))
            let terms = path("m.login.terms", session)
            let page = await api.open(.get, terms)
            #expect(page.text.contains("Privacy &lt;policy&gt;"))
            #expect(page.text.contains("href=\"https://example.org/?a=1&amp;b=2\""))
            let french = await api.open(.get, terms, headers: [.acceptLanguage: "de;q=0.1, fr-CA;q=0.9"])
            #expect(french.text.contains("Confidentialité") && french.text.contains("hreflang=\"fr\""))
            let not = await api.open(.post, terms, form: "accept=privacy")
            #expect(not.status == 403 && not.text.contains("Please accept each of the documents."))
            #expect(await api.open(.post, terms, form: "accept=privacy+1.0").text.contains(Self.script))
            let answer = await api.ask(.post, "/register", ["auth": ["session": .string(session)]])
            #expect(AccountAPI.Session(answer)?.userID == "@alice:example.org")
        }
    }

    @Test func aDummyStageHasAPageToo() async throws {
        try await AccountAPI.with { api in
            let request: JSONValue = ["username": "alice", "password": "s3kr1t"]
            let session = try #require(await api.ask(.post, "/register", request)["session"]?.string)
            let place = path("m.login.dummy", session)
            #expect(await api.open(.get, place).text.contains("create an account"))
            #expect(await api.open(.post, place, form: "").text.contains(Self.script))
            #expect(await api.ask(.post, "/register", ["auth": ["session": .string(session)]]).status == 200)
        }
    }

    @Test func whatCannotBeIsAPageThatSaysSo() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let session = try await challenge(api, alice)
            for (path, status) in [
                (path("m.login.password", "unknown"), 404), ("/auth/m.login.password/fallback/web", 400),
                (path("m.login.recaptcha", session), 404), (path("%3Cscript%3E", session), 404),
                (path("m.login.dummy", session), 400), (path("m.login.registration_token", session), 400),
            ] {
                for method in [HTTPRequest.Method.get, .post] {
                    let page = await api.open(method, path, form: method == .post ? "password=correct+horse" : nil)
                    #expect(page.status == status && page.text.hasPrefix("<!DOCTYPE html>"), "\(method) \(path)")
                    #expect(!page.text.contains("<script"))
                }
            }
            for form in ["password=%zz", "password=%00", String(repeating: "a=b&", count: 300)] {
                let answer = await api.open(.post, path("m.login.password", session), form: form)
                #expect(answer.status == 400)
            }
            let long = await api.open(
                .post, path("m.login.password", session), form: "password=" + String(repeating: "x", count: 70_000))
            #expect(long.status == 413)
        }
    }

    @Test func formsOfOtherSitesAreRefused() async throws {
        try await AccountAPI.with { api in
            let alice = try await api.register("alice")
            let place = path("m.login.password", try await challenge(api, alice))
            let site = HTTPField.Name("Sec-Fetch-Site")!
            for origin in ["cross-site", "same-site", "anything"] {
                let page = await api.open(.post, place, form: "password=correct+horse", headers: [site: origin])
                #expect(page.status == 403 && page.text.contains("another site"))
            }
            let own = await api.open(.post, place, form: "password=correct+horse", headers: [site: "same-origin"])
            #expect(own.status == 200)
        }
    }

    @Test func theLoginPageRunsItsOwnScriptOnly() async throws {
        try await AccountAPI.with { api in
            for path in ["/_matrix/static/client/login/", "/_matrix/static/client/login/?device_id=%3Cscript%3E"] {
                let page = await api.open(.get, path)
                #expect(page.status == 200 && page.text.contains("window.matrixLogin.onLogin(response)"))
                #expect(page.text.components(separatedBy: "<script").count == 2)
                let policy = page.headers[.contentSecurityPolicy] ?? ""
                #expect(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"))
            }
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var (parts, rest) = ([String](), self[...])
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
