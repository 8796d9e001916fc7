import FoundationEssentials
import HTTPAPI
import MatrixCore
import Media
import NIOCore
import Testing

@Suite struct MediaFolderTests {
    /// Bytes that come in pieces, and may end in an error.
    private struct Pieces: AsyncSequence, Sendable {
        typealias Failure = any Error
        struct Broken: Error {}
        let pieces: [[UInt8]]
        var isBroken = false

        func makeAsyncIterator() -> Iterator { Iterator(rest: pieces[...], isBroken: isBroken) }

        struct Iterator: AsyncIteratorProtocol {
            var rest: ArraySlice<[UInt8]>
            let isBroken: Bool
            mutating func next() async throws -> ByteBuffer? {
                if let piece = rest.popFirst() { return ByteBuffer(bytes: piece) }
                if isBroken { throw Broken() }
                return nil
            }
        }
    }

    @Test(arguments: [0, 1, 1000, 300_000]) func whatIsKeptIsReadBack(_ count: Int) async throws {
        try await MediaFixture.with { media in
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let pieces = Pieces(pieces: stride(from: 0, to: count, by: 777).map { Array(bytes[$0...].prefix(777)) })
            let (digest, length) = try await media.folder.keep(BodyStream(pieces), maximumBytes: 1 << 20)
            #expect(digest.bytes == SHA256.hash(bytes) && length == Int64(count))
            let file = try #require(try await media.folder.content(digest))
            #expect(try await MediaFixture.bytes(of: file) == bytes)
            #expect(try media.files(in: "incoming").isEmpty)
        }
    }

    @Test func equalContentIsOneFile() async throws {
        try await MediaFixture.with { media in
            let first = try await media.stored([1, 2, 3])
            let second = try await media.stored([1, 2, 3])
            #expect(first.uri != second.uri)
            #expect(try media.files(in: "content").count == 1)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func nothingIsLeftOfAnUploadThatFails(_ isTooLarge: Bool) async throws {
        try await MediaFixture.with { media in
            let piece = [UInt8](repeating: 1, count: 200_000)
            let pieces = Pieces(pieces: [piece, piece, piece], isBroken: !isTooLarge)
            await #expect(throws: (any Error).self) {
                _ = try await media.folder.keep(BodyStream(pieces), maximumBytes: isTooLarge ? 500_000 : 1 << 20)
            }
            // The file goes on a thread of its own.
            while try !media.files(in: "incoming").isEmpty { await Task.yield() }
            #expect(try media.files(in: "content").isEmpty)
        }
    }

    @Test func onlyOldLeftoversAreSwept() async throws {
        try await MediaFixture.with { media in
            let path = "\(media.path)/incoming/left"
            try Data([1]).write(to: URL(filePath: path))
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            try await media.folder.sweep(now: now + 3_600_000)
            #expect(FileManager.default.fileExists(atPath: path))
            try await media.folder.sweep(now: now + 25 * 3_600_000)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
