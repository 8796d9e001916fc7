import EndpointsTesting
import FoundationEssentials
import HTTPTypes
import MatrixCore
import Testing

@Suite struct UploadTests {
    @Test func everythingOfAUserNeedsAToken() async throws {
        try await MediaAPI.with { api in
            for (method, path) in [
                (.post, "/media/v3/upload"), (.post, "/media/r0/upload"), (.post, "/media/v1/create"),
                (.put, "/media/v3/upload/example.org/a"), (.get, "/media/v3/config"), (.get, "/client/v1/media/config"),
                (.get, "/client/v1/media/download/example.org/a"), (.get, "/client/v1/media/download/example.org/a/b"),
                (.get, "/client/v1/media/thumbnail/example.org/a?width=1&height=1"),
            ] as [(HTTPRequest.Method, String)] {
                let answer = try await api.ask(method, path, [1], as: nil)
                #expect(answer.status == 401 && answer.errcode == "M_MISSING_TOKEN", "\(path)")
            }
        }
    }

    @Test func theLimitIsToldAndKept() async throws {
        try await MediaAPI.with(maxBytes: 1000) { api in
            for path in ["/client/v1/media/config", "/media/v3/config"] {
                #expect(try await api.ask(.get, path).body == ["m.upload.size": 1000])
            }
            let answer = try await api.ask(.post, "/media/v3/upload", [UInt8](repeating: 0, count: 1001))
            #expect(answer.status == 413 && answer.errcode == "M_TOO_LARGE")
            #expect(try await api.ask(.post, "/media/v3/upload", [UInt8](repeating: 0, count: 1000)).status == 200)
        }
    }

    @Test func contentMayComeAfterItsAddress() async throws {
        try await MediaAPI.with { api in
            let created = try await api.ask(.post, "/media/v1/create").body
            let path = String(try #require(created["content_uri"]?.string).dropFirst("mxc://".count))
            #expect((created["unused_expires_at"]?.int ?? 0) > 1_700_000_000_000)
            let early = try await api.ask(.get, "/client/v1/media/download/\(path)?timeout_ms=0")
            #expect(early.status == 504 && early.errcode == "M_NOT_YET_UPLOADED")
            #expect(try await api.ask(.put, "/media/v3/upload/\(path)", [1], as: "bob").errcode == "M_FORBIDDEN")
            #expect(try await api.ask(.put, "/media/v3/upload/\(path)", [1, 2]).body == [:])
            #expect(try await api.ask(.get, "/client/v1/media/download/\(path)").bytes == [1, 2])
            let again = try await api.ask(.put, "/media/v3/upload/\(path)", [3])
            #expect(again.status == 409 && again.errcode == "M_CANNOT_OVERWRITE_MEDIA")
            let unknown = try await api.ask(.put, "/media/v3/upload/example.org/unknown", [3])
            #expect(unknown.status == 404 && unknown.errcode == "M_NOT_FOUND")
        }
    }

    @Test func namesThatAreTooLongAreRefused() async throws {
        try await MediaAPI.with { api in
            let name = String(repeating: "a", count: 2000)
            let answer = try await api.ask(.post, "/media/v3/upload?filename=\(name)", [1])
            #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM")
        }
    }
}
