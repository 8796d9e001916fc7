import FederationAPI
import HTTPTypes
import MatrixCore
import Testing

@Suite struct WellKnownServerTests {
    private func read(_ body: String, status: Int = 200, cache: String? = nil) -> WellKnownServer? {
        var headers: HTTPFields = [:]
        headers[.cacheControl] = cache
        return WellKnownServer(status: status, headers: headers, body: Array(body.utf8))
    }

    @Test func readsTheDelegation() {
        #expect(read(#"{"m.server":"a.example:443","x":1}"#)?.delegated == ServerName("a.example:443"))
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"m.server":1}"#, #"{"m.server":""}"#, #"{"m.server":"a b"}"#,
        #"{"m.server":"https://a"}"#,
        #"{"m.server":"a:99999"}"#, #"{"m.server":"a/b"}"#, #"{"m.server":null}"#, "{\"m.server\":\"a\"", "<html>",
    ]) func refuses(body: String) {
        #expect(read(body) == nil)
    }

    @Test func otherAnswersAreNoDelegation() {
        #expect(read(#"{"m.server":"a"}"#, status: 404) == nil)
        #expect(read(#"{"m.server":"a"}"#, status: 302) == nil)
        #expect(read(#"{"m.server":"a","x":""# + String(repeating: "x", count: 60_000) + #""}"#) == nil)
    }

    @Test(
        arguments: [
            (nil, 86_400), ("max-age=1000", 1000), ("public, MAX-AGE=1000", 1000), ("max-age=1", 300),
            ("max-age=\"600\"", 600),
            ("max-age=99999999999999999", 172_800), ("max-age=999999999999999999999", 86_400), ("max-age=-5", 300),
            ("no-store", 300),
            ("max-age=9999, no-cache", 300), ("nonsense", 86_400),
        ] as [(String?, Int)]) func keepsToWhatItMayBeKept(cache: String?, seconds: Int)
    {
        #expect(read(#"{"m.server":"a"}"#, cache: cache)?.lifetime == .seconds(seconds))
    }

    @Test func failuresAreAskedAboutLessAndLess() {
        #expect(
            (1...8).map { WellKnownServer.failureLifetime(failures: $0) }
                == [120, 240, 480, 960, 1920, 3600, 3600, 3600].map { .seconds($0) })
        #expect(WellKnownServer.failureLifetime(failures: .max) == .seconds(3600))
    }
}
