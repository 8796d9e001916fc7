import HTTPAPI
import MatrixCore
import Media
import NIOCore
import Storage
import Telemetry
import Testing

@Suite struct MediaUploadsTests {
    private func content(_ text: String) throws -> UploadedContent {
        try MediaFixture.content(Array(text.utf8), type: "text/plain")
    }

    private func expect(
        _ errcode: Errcode, _ status: Int, _ location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: MatrixError.self, sourceLocation: location) { try await body() }
        #expect(error?.errcode == errcode && error?.status == status, sourceLocation: location)
    }

    @Test func whatIsUploadedIsFound() async throws {
        try await MediaFixture.with { media in
            let found = try await media.stored(Array("tea".utf8), type: "text/plain", name: "t.txt")
            #expect(found.type.description == "text/plain" && found.name?.description == "t.txt" && found.bytes == 3)
            #expect(found.uri.serverName == MediaFixture.serverName && found.uri.mediaID.utf8.count == 24)
            let file = try await media.downloads.content(of: found)
            #expect(try await MediaFixture.bytes(of: file) == Array("tea".utf8))
        }
    }

    @Test func tooLargeIsRefusedWithoutReading() async throws {
        try await MediaFixture.with(maxBytes: 10) { media in
            let announced = UploadedContent(
                body: RequestBody.empty.stream, announcedBytes: 11, type: MediaType(nil), name: nil)
            await expect(.tooLarge, 413) { _ = try await media.uploads.upload(announced, by: MediaFixture.alice) }
            let silent = UploadedContent(
                body: RequestBody.buffer(ByteBuffer(repeating: 1, count: 11)).stream, announcedBytes: nil,
                type: MediaType(nil), name: nil)
            await expect(.tooLarge, 413) { _ = try await media.uploads.upload(silent, by: MediaFixture.alice) }
            _ = try await media.stored([UInt8](repeating: 1, count: 10))
        }
    }

    @Test func suspendedUsersUploadNothing() async throws {
        try await MediaFixture.with { media in
            let user = MediaFixture.suspended
            await expect(.userSuspended, 403) { _ = try await media.uploads.upload(try content("x"), by: user) }
            await expect(.userSuspended, 403) { _ = try await media.uploads.create(by: user) }
        }
    }

    @Test func contentMayComeLater() async throws {
        try await MediaFixture.with { media in
            let (uri, expiresAt) = try await media.uploads.create(by: MediaFixture.alice)
            #expect(expiresAt == media.clock.nowMilliseconds + 86_400_000)
            await expect(.notYetUploaded, 504) {
                _ = try await media.downloads.find(uri, by: .authenticated, waiting: .zero)
            }
            await expect(.forbidden, 403) {
                try await media.uploads.upload(try content("x"), to: uri, by: MediaFixture.bob)
            }
            try await media.uploads.upload(try content("late"), to: uri, by: MediaFixture.alice)
            await expect(.cannotOverwriteMedia, 409) {
                try await media.uploads.upload(try content("again"), to: uri, by: MediaFixture.alice)
            }
            let found = try await media.downloads.find(uri, by: .authenticated, waiting: .zero)
            #expect(found.bytes == 4)
        }
    }

    @Test func whoWaitsForContentGetsIt() async throws {
        try await MediaFixture.with { media in
            let (uri, _) = try await media.uploads.create(by: MediaFixture.alice)
            async let found = media.downloads.find(uri, by: .authenticated, waiting: .seconds(20))
            while media.clock.sleeperCount == 0 { await Task.yield() }
            try await media.uploads.upload(try content("late"), to: uri, by: MediaFixture.alice)
            media.clock.advance(by: .seconds(1))
            #expect(try await found.bytes == 4)
        }
    }

    @Test func aWaitEndsWhenTheProcessStops() async throws {
        try await MediaFixture.with { media in
            let (uri, _) = try await media.uploads.create(by: MediaFixture.alice)
            media.downloads.drain()
            await expect(.notYetUploaded, 504) {
                _ = try await media.downloads.find(uri, by: .authenticated, waiting: .seconds(20))
            }
        }
    }

    @Test func unusedAddressesEnd() async throws {
        try await MediaFixture.with { media in
            let (uri, _) = try await media.uploads.create(by: MediaFixture.alice)
            media.clock.advance(by: .seconds(86_401))
            await expect(.notFound, 404) {
                _ = try await media.downloads.find(uri, by: .authenticated, waiting: .seconds(20))
            }
            await expect(.notFound, 404) {
                try await media.uploads.upload(try content("x"), to: uri, by: MediaFixture.alice)
            }
            #expect(try await media.store.find(uri.mediaID) != nil)
            let kept = try await media.stored([1])
            try await MediaUpkeep(store: media.store, folder: media.folder, telemetry: media.telemetry).tidy()
            #expect(try await media.store.find(uri.mediaID) == nil)
            #expect(try await media.store.find(kept.uri.mediaID) != nil)
        }
    }

    @Test func unusedAddressesAreFew() async throws {
        try await MediaFixture.with { media in
            var uris: [MXCURI] = []
            for _ in 0..<MediaStore.maxPendingPerUser {
                uris.append(try await media.uploads.create(by: MediaFixture.alice).uri)
            }
            await expect(.limitExceeded, 429) { _ = try await media.uploads.create(by: MediaFixture.alice) }
            _ = try await media.uploads.create(by: MediaFixture.bob)
            try await media.uploads.upload(try content("x"), to: uris[0], by: MediaFixture.alice)
            _ = try await media.uploads.create(by: MediaFixture.alice)
        }
    }

    @Test func oneOfManyWritersOfAnAddressWins() async throws {
        try await MediaFixture.with { media in
            let (uri, _) = try await media.uploads.create(by: MediaFixture.alice)
            let outcomes = await withTaskGroup(of: (Int, String?).self) { group in
                for number in 0..<5 {
                    group.addTask {
                        do {
                            let bytes = [UInt8](repeating: UInt8(number), count: number + 1)
                            try await media.uploads.upload(
                                try MediaFixture.content(bytes), to: uri, by: MediaFixture.alice)
                            return (number, nil)
                        } catch {
                            return (number, (error as? MatrixError)?.errcode?.rawValue ?? "\(error)")
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let winners = outcomes.filter { $0.1 == nil }.map(\.0)
            #expect(outcomes.compactMap(\.1) == Array(repeating: "M_CANNOT_OVERWRITE_MEDIA", count: 4))
            let found = try await media.downloads.find(uri, by: .authenticated, waiting: .zero)
            let file = try await media.downloads.content(of: found)
            let winner = try #require(winners.first)
            #expect(try await MediaFixture.bytes(of: file) == [UInt8](repeating: UInt8(winner), count: winner + 1))
        }
    }

    @Test func frozenPathsShowNothingNew() async throws {
        for requiresToken in [true, false] {
            try await MediaFixture.with(requiresToken: requiresToken) { media in
                let found = try await media.stored([1])
                let (pending, _) = try await media.uploads.create(by: MediaFixture.alice)
                if requiresToken {
                    for uri in [found.uri, pending] {
                        await expect(.notFound, 404) {
                            _ = try await media.downloads.find(uri, by: .unauthenticated, waiting: .zero)
                        }
                    }
                } else {
                    let open = try await media.downloads.find(found.uri, by: .unauthenticated, waiting: .zero)
                    #expect(open.digest == found.digest)
                }
            }
        }
    }
}
