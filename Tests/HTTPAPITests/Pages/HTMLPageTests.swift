import HTTPAPI
import HTTPTypes
import NIOCore
import Testing

@Suite struct HTMLPageTests {
    private func text(_ page: HTMLPage) -> (head: HTTPFields, body: String) {
        let response = page.encode()
        guard case .buffer(let buffer) = response.body else { return (response.headers, "") }
        return (response.headers, String(buffer: buffer))
    }

    @Test func whatIsInterpolatedIsTextAndNothingElse() {
        let hostile = "<script>\"'&\u{0}</script>"
        let html: HTML = "<p title=\"\(hostile)\">\(hostile)</p>"
        #expect(html.text.components(separatedBy: "<").count == 3)
        #expect(html.text.contains("&lt;script&gt;&quot;&#39;&amp;"))
        let nested: HTML = "<div>\(html)\([html, html])\(nil as HTML?)</div>"
        #expect(nested.text == "<div>" + html.text + html.text + html.text + "</div>")
    }

    @Test func pagesLetNothingInFromElsewhere() {
        let (head, body) = text(HTMLPage(title: "A <title>", content: "<p>x</p>"))
        let policy = head[.contentSecurityPolicy] ?? ""
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            #expect(policy.contains(rule))
        }
        #expect(!policy.contains("script-src") && !policy.contains("connect-src") && !policy.contains("unsafe"))
        #expect(head[HTTPField.Name("X-Frame-Options")!] == "DENY")
        #expect(head[HTTPField.Name("Referrer-Policy")!] == "no-referrer")
        #expect(head[.xContentTypeOptions] == "nosniff" && head[.cacheControl] == "no-store")
        #expect(head[.contentType] == "text/html; charset=utf-8")
        #expect(body.contains("<title>A &lt;title&gt;</title>") && body.contains("<h1>A &lt;title&gt;</h1>"))
        #expect(!body.contains("<script"))
    }

    @Test func aPageRunsItsOwnScriptOnly() {
        let (head, body) = text(
            HTMLPage(title: "x", content: "", script: EmbeddedText("alert(1);"), mayAsk: true))
        #expect(body.contains("<script>alert(1);</script>"))
        let policy = head[.contentSecurityPolicy] ?? ""
        // Computed with `openssl dgst -sha256 -binary | base64`.
        #expect(policy.contains("script-src 'sha256-5jFwrAK0UV47oFbVg/iCCBbxD8X1w+QvoOUepu4C2YA='"))
        #expect(policy.contains("connect-src 'self'"))
    }
}

extension String {
    fileprivate func components(separatedBy separator: Character) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
