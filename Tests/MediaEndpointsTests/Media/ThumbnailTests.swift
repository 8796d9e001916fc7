import EndpointsTesting
import FoundationEssentials
import HTTPTypes
import MatrixCore
import Testing

@Suite struct ThumbnailTests {
    /// A red point, as PNG.
    private static let picture = Array(
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
            ?? Data())

    @Test func isSentInlineUnderAName() async throws {
        try await MediaAPI.with { api in
            let path = try await api.upload(Self.picture, type: "application/octet-stream")
            let answer = try await api.ask(.get, "/client/v1/media/thumbnail/\(path)?width=32&height=32&method=crop")
            #expect(answer.status == 200 && answer.headers[.contentType] == "image/png")
            #expect(answer.headers[.contentDisposition] == "inline; filename=\"thumbnail.png\"")
            let tag = try #require(answer.headers[.eTag])
            let again = try await api.ask(
                .get, "/client/v1/media/thumbnail/\(path)?width=30&height=30&method=crop", as: "alice",
                [.ifNoneMatch: tag])
            #expect(again.status == 304)
        }
    }

    @Test(arguments: [
        ("", "M_MISSING_PARAM"), ("width=32", "M_MISSING_PARAM"), ("width=0&height=32", "M_INVALID_PARAM"),
        ("width=x&height=32", "M_INVALID_PARAM"), ("width=-5&height=5", "M_INVALID_PARAM"),
        ("width=99999999999999999999&height=5", "M_INVALID_PARAM"),
        ("width=5&height=5&method=stretch", "M_INVALID_PARAM"), ("width=5&height=5&animated=x", "M_INVALID_PARAM"),
    ])
    func badSizesAreRefused(_ query: String, _ errcode: String) async throws {
        try await MediaAPI.with { api in
            let path = try await api.upload(Self.picture, type: "image/png")
            let answer = try await api.ask(.get, "/client/v1/media/thumbnail/\(path)?\(query)")
            #expect(answer.status == 400 && answer.errcode == errcode)
        }
    }

    @Test func whatIsNoPictureHasNone() async throws {
        try await MediaAPI.with { api in
            let path = try await api.upload(Array("text".utf8), type: "image/png")
            let answer = try await api.ask(.get, "/client/v1/media/thumbnail/\(path)?width=32&height=32")
            #expect(answer.status == 400 && answer.errcode == "M_UNKNOWN")
        }
    }
}
