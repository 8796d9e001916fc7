import FoundationEssentials
import MatrixCore
import Media
import Testing

@Suite struct MediaDownloadsTests {
    private func errcode(_ body: () async throws -> Void) async -> Errcode? {
        do { try await body() } catch { return (error as? MatrixError)?.errcode }
        return nil
    }

    @Test func mediaOfOthersIsNotFound() async throws {
        try await MediaFixture.with { media in
            let known = try await media.stored([1]).uri.mediaID
            for (server, mediaID) in [("example.org", "unknown"), ("other.org", known)] {
                let uri = try #require(MXCURI("mxc://\(server)/\(mediaID)"))
                let errcode = await errcode {
                    _ = try await media.downloads.find(uri, by: .authenticated, waiting: .zero)
                }
                #expect(errcode == .notFound)
            }
        }
    }

    @Test func aFileThatTheDiskLostIsNotFound() async throws {
        try await MediaFixture.with { media in
            let found = try await media.stored([1, 2, 3])
            let path = "\(media.path)/content/\(try #require(try media.files(in: "content").first))"
            try Data([1, 2]).write(to: URL(filePath: path))
            #expect(await errcode { _ = try await media.downloads.content(of: found) } == .notFound)
            try FileManager.default.removeItem(atPath: path)
            #expect(await errcode { _ = try await media.downloads.content(of: found) } == .notFound)
        }
    }
}
