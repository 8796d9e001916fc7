import EndpointsTesting
import FoundationEssentials
import HTTPTypes
import MatrixCore
import Testing

@Suite struct DownloadTests {
    private static let large = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    @Test func filesComeBackAsTheyWent() async throws {
        try await MediaAPI.with { api in
            for bytes in [[], [1], Self.large] as [[UInt8]] {
                let path = try await api.upload(bytes, type: "application/x-test", name: "a%20file.bin")
                let answer = try await api.ask(.get, "/client/v1/media/download/\(path)", as: "bob")
                #expect(answer.status == 200 && answer.bytes == bytes)
                #expect(answer.headers[.contentType] == "application/x-test")
                #expect(answer.headers[.contentDisposition] == "attachment; filename=\"a file.bin\"")
            }
        }
    }

    @Test func strangersFilesDoNothingInABrowser() async throws {
        try await MediaAPI.with { api in
            for (type, shown) in [
                ("text/html", "attachment"), ("image/svg+xml", "attachment"), ("image/png", "inline"),
            ] {
                let path = try await api.upload([1], type: type)
                let headers = try await api.ask(.get, "/client/v1/media/download/\(path)").headers
                #expect(headers[.contentDisposition] == shown)
                #expect(headers[.contentSecurityPolicy]?.contains("sandbox; default-src 'none'") == true)
                #expect(headers[.crossOriginResourcePolicy] == "cross-origin")
                #expect(headers[.xContentTypeOptions] == "nosniff")
                #expect(headers[.cacheControl]?.hasPrefix("private") == true)
            }
        }
    }

    @Test func anotherNameMayBeAskedFor() async throws {
        try await MediaAPI.with { api in
            let path = try await api.upload([1], type: "text/plain", name: "one.txt")
            let answer = try await api.ask(.get, "/client/v1/media/download/\(path)/b%22%C3%A9.txt")
            #expect(answer.headers[.contentDisposition] == "inline; filename*=UTF-8''b%22%C3%A9.txt")
        }
    }

    @Test func partsMayBeAskedFor() async throws {
        try await MediaAPI.with { api in
            let path = "/client/v1/media/download/\(try await api.upload(Self.large, type: "video/mp4"))"
            let whole = try await api.ask(.get, path)
            #expect(whole.headers[.acceptRanges] == "bytes")
            let part = try await api.ask(.get, path, as: "alice", [.range: "bytes=100-299999"])
            #expect(part.status == 206 && part.bytes == Array(Self.large[100..<300_000]))
            #expect(part.headers[.contentRange] == "bytes 100-299999/400000")
            let beyond = try await api.ask(.get, path, as: "alice", [.range: "bytes=400000-"])
            #expect(beyond.status == 416 && beyond.headers[.contentRange] == "bytes */400000")
            let other = try await api.ask(.get, path, as: "alice", [.range: "bytes=0-0", .ifRange: "\"other\""])
            #expect(other.status == 200 && other.bytes.count == 400_000)
        }
    }

    @Test func whatTheClientHasIsNotSentAgain() async throws {
        try await MediaAPI.with { api in
            let path = "/client/v1/media/download/\(try await api.upload([1, 2], type: "image/png"))"
            let tag = try #require(try await api.ask(.get, path).headers[.eTag])
            let again = try await api.ask(.get, path, as: "alice", [.ifNoneMatch: "\"x\", W/\(tag)"])
            #expect(again.status == 304 && again.bytes.isEmpty && again.headers[.eTag] == tag)
            let other = try await api.ask(.get, path, as: "alice", [.ifNoneMatch: "\"x\""])
            #expect(other.status == 200)
            let head = try await api.ask(.head, path)
            #expect(head.status == 200 && head.bytes.isEmpty && head.headers[.contentLength] == "2")
        }
    }

    @Test(arguments: [
        "example.org/unknown", "other.org/unknown", "example.org/..%2F..%2Fetc%2Fpasswd", "example.org/%2e%2e",
        "exa%2Fmple/x", "example.org/%C3%A9", "example.org/" + String(repeating: "a", count: 300),
    ])
    func whatIsNotThereIsNotFound(_ path: String) async throws {
        try await MediaAPI.with { api in
            for kind in ["download/\(path)", "thumbnail/\(path)?width=1&height=1"] {
                let answer = try await api.ask(.get, "/client/v1/media/\(kind)")
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
        }
    }

    @Test func whatCannotBeDecodedIsRefused() async throws {
        try await MediaAPI.with { api in
            let answer = try await api.ask(.get, "/client/v1/media/download/example.org/a%00b")
            #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM")
        }
    }

    @Test func deprecatedPathsAreFrozenUnlessConfigured() async throws {
        for requiresToken in [true, false] {
            try await MediaAPI.with(requiresToken: requiresToken) { api in
                let path = try await api.upload([1, 2, 3], type: "text/plain")
                for version in ["v3", "r0", "v1"] {
                    let answer = try await api.ask(.get, "/media/\(version)/download/\(path)", as: nil)
                    #expect(answer.status == (requiresToken ? 404 : 200))
                    #expect(answer.headers[.cacheControl]?.hasPrefix("public") == (requiresToken ? false : true))
                }
            }
        }
    }

    @Test func guestsReadAndDoNotWrite() async throws {
        try await MediaAPI.with { api in
            let path = try await api.upload([1], type: "text/plain")
            #expect(try await api.ask(.get, "/client/v1/media/download/\(path)", as: "guest").status == 200)
            let refused = try await api.ask(.post, "/media/v3/upload", [1], as: "guest")
            #expect(refused.status == 403 && refused.errcode == "M_GUEST_ACCESS_FORBIDDEN")
        }
    }
}
