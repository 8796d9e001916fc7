import FoundationEssentials
import MatrixCore
import Media
import Testing

@Suite struct ThumbnailsTests {
    private func errcode(_ body: () async throws -> Void) async -> Errcode? {
        do { try await body() } catch { return (error as? MatrixError)?.errcode }
        return nil
    }

    @Test func cropsAndScales() async throws {
        try await MediaFixture.with { media in
            let picture = TestPicture.png(400, 200)
            let square = try await media.thumbnail(96, 96, .crop, of: picture)
            #expect(square.type == "image/jpeg" && TestPicture.size(of: square.bytes) == [96, 96])
            let small = try await media.thumbnail(300, 200, .scale, of: picture)
            #expect(small.type == "image/jpeg" && TestPicture.size(of: small.bytes) == [320, 160])
        }
    }

    @Test func whatIsTransparentStaysSo() async throws {
        try await MediaFixture.with { media in
            let thumbnail = try await media.thumbnail(96, 96, .crop, of: TestPicture.png(200, 200, alpha: 100))
            #expect(thumbnail.type == "image/png" && TestPicture.size(of: thumbnail.bytes) == [96, 96])
        }
    }

    @Test func nothingIsEnlargedOrBlurred() async throws {
        try await MediaFixture.with { media in
            for method in [ThumbnailWish.Method.crop, .scale] {
                let thumbnail = try await media.thumbnail(64, 64, method, of: TestPicture.png(20, 20))
                #expect(thumbnail.type == "image/png" && TestPicture.size(of: thumbnail.bytes) == [20, 20])
            }
        }
    }

    @Test func photographsAreTurnedUprightAndTellNothing() async throws {
        try await MediaFixture.with { media in
            #expect(String(decoding: TestPicture.photograph, as: UTF8.self).contains("Secret"))
            let thumbnail = try await media.thumbnail(64, 64, .scale, of: TestPicture.photograph)
            #expect(TestPicture.size(of: thumbnail.bytes) == [20, 40])
            #expect(!String(decoding: thumbnail.bytes, as: UTF8.self).contains("Secret"))
        }
    }

    @Test func animationsMoveOnlyWhenAsked() async throws {
        try await MediaFixture.with { media in
            let moving = try await media.thumbnail(64, 64, .scale, isAnimated: true, of: TestPicture.animation)
            #expect(moving.type == "image/webp")
            #expect(String(decoding: moving.bytes, as: UTF8.self).split(separator: "ANMF").count == 4)
            let still = try await media.thumbnail(64, 64, .scale, of: TestPicture.animation)
            #expect(still.type == "image/png" && TestPicture.size(of: still.bytes) == [8, 6])
            let unmoved = try await media.thumbnail(64, 64, .scale, isAnimated: true, of: TestPicture.png(9, 9))
            #expect(unmoved.type == "image/png")
        }
    }

    private static let notPictures: [[UInt8]] = [
        [], Array("not a picture".utf8), Array(TestPicture.png(50, 50).prefix(20)),
        [0xFF, 0xD8, 0xFF] + Array("rest of it".utf8),
        Array("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>".utf8),
        Array("GIF89a".utf8) + TestPicture.png(9, 9),
    ]

    @Test(arguments: notPictures)
    func whatIsNoPictureHasNone(_ bytes: [UInt8]) async throws {
        try await MediaFixture.with { media in
            #expect(await errcode { _ = try await media.thumbnail(32, 32, .crop, of: bytes) } == .unknown)
            let kept = try media.files(in: "thumbnails")
            #expect(kept.isEmpty)
        }
    }

    @Test func enormousPicturesHaveNone() async throws {
        try await MediaFixture.with { media in
            let bomb = TestPicture.pngHead(50_000, 50_000)
            #expect(await errcode { _ = try await media.thumbnail(32, 32, .crop, of: bomb) } == .tooLarge)
        }
    }

    @Test func isMadeOnceAndKept() async throws {
        try await MediaFixture.with { media in
            let found = try await media.stored(TestPicture.png(300, 300))
            let wish = ThumbnailWish(width: 32, height: 32, method: .crop, isAnimated: false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { _ = try await media.thumbnails.thumbnail(wish, of: found) } }
                try await group.waitForAll()
            }
            #expect(try media.files(in: "thumbnails").count == 1)
            // The picture itself is not needed any more.
            let original = try #require(try media.files(in: "content").first)
            try FileManager.default.removeItem(atPath: "\(media.path)/content/\(original)")
            #expect(try await media.thumbnails.thumbnail(wish, of: found).type.description == "image/jpeg")
        }
    }
}
