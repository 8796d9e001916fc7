package import HTTPTypes
import MatrixCore
import NIOCore

/// A page for people, with everything that keeps other sites out of it: no frames, no foreign scripts, styles or pictures, no
/// trace of its address elsewhere, no copy in a cache.
package struct HTMLPage: ResponseEncodable {
    private let title: String
    private let content: HTML
    private let script: EmbeddedText?
    private let mayAsk: Bool
    private let status: HTTPResponse.Status

    /// - Parameters:
    ///   - content: of the page's `main` element, below the title.
    ///   - script: runs once the page is there.
    ///   - mayAsk: whether the script may send requests to this server.
    package init(
        title: String, content: HTML, script: EmbeddedText? = nil, mayAsk: Bool = false,
        status: HTTPResponse.Status = .ok
    ) {
        self.title = title
        self.content = content
        self.script = script
        self.mayAsk = mayAsk
        self.status = status
    }

    /// A page that only says something.
    package init(title: String, message: String, status: HTTPResponse.Status) {
        self.init(title: title, content: "<p>\(message)</p>", status: status)
    }

    package func encode() -> ServerResponse {
        // Neither a literal nor text of others: what the browser compares with the policy, letter by letter.
        var text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        let head: HTML = """
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>

            """
        text += head.text + "<style>\(Self.style.text)</style>\n</head>\n"
        let body: HTML = "<body>\n<main>\n<h1>\(title)</h1>\n\(content)\n</main>\n"
        text += body.text
        if let script { text += "<script>\(script.text)</script>\n" }
        text += "</body>\n</html>\n"
        return .bytes(
            ByteBuffer(string: text), contentType: "text/html; charset=utf-8", status: status,
            headers: [
                .contentSecurityPolicy: policy, .xFrameOptions: "DENY", .xContentTypeOptions: "nosniff",
                .referrerPolicy: "no-referrer", .cacheControl: "no-store", .contentLanguage: "en",
            ])
    }

    private var policy: String {
        var rules = [
            "default-src 'none'", "style-src \(Self.style.source)", "form-action 'self'", "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
        if let script { rules.append("script-src \(script.source)") }
        if mayAsk { rules.append("connect-src 'self'") }
        return rules.joined(separator: "; ")
    }

    private static let style = EmbeddedText(
        """
        :root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
        body { margin: 0; display: grid; place-items: center; min-height: 100vh; }
        main { box-sizing: border-box; width: 100%; max-width: 28rem; padding: 1.5rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.5rem; line-height: 1.2; }
        label { display: block; margin-top: 1rem; }
        label.choice { display: flex; gap: 0.5rem; align-items: baseline; }
        input:not([type=checkbox]), button { box-sizing: border-box; width: 100%; padding: 0.6rem; font: inherit; }
        button { margin-top: 1.5rem; font-weight: bold; }
        .problem { padding: 0.6rem; border: 2px solid #c62828; border-radius: 0.3rem; }
        [hidden] { display: none; }
        """)
}

/// Digests as content security policies have them.
enum PageDigest {
    /// Base64 with its padding, which browsers compare too.
    static func of(_ text: String) -> String { Base64.encode(SHA256.hash(Array(text.utf8))) + "=" }
}

extension HTTPField.Name {
    static let xFrameOptions = HTTPField.Name("X-Frame-Options")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    /// Where a request comes from, as the browser says by itself: no page can forge it.
    package static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}
