import ApusTesting
import FoundationEssentials
import HTTPAPI
import MatrixCore
import Media
import NIOCore
import Postgres
import Storage
import Telemetry

/// A migrated database, an empty folder, and the content repository on them, with a clock that stands still.
struct MediaFixture: Sendable {
    static let serverName = ServerName("example.org")!
    static let alice = user("alice", 1)
    static let bob = user("bob", 2)

    let clock = ManualClock()
    let path: String
    let threads = FileThreads()
    let thumbnailer = Thumbnailer()
    let store: MediaStore
    let folder: MediaFolder
    let uploads: MediaUploads
    let downloads: MediaDownloads
    let thumbnails: Thumbnails
    let telemetry: Telemetry

    static func with(
        maxBytes: Int = 1 << 20, requiresToken: Bool = true, _ body: (MediaFixture) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with(serverName.description) { database in
            let pool = database.pool()
            let path = FileManager.default.temporaryDirectory.path + "/apus-\(SystemRandomSource().token(length: 16))"
            let fixture = try await MediaFixture(pool, path, maxBytes, requiresToken)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(fixture)) } catch { outcome = .failure(error) }
            await fixture.thumbnailer.shutdown()
            await fixture.threads.shutdown()
            await pool.close()
            try FileManager.default.removeItem(atPath: path)
            try outcome.get()
        }
    }

    private init(_ pool: PostgresPool, _ path: String, _ maxBytes: Int, _ requiresToken: Bool) async throws {
        self.path = path
        telemetry = Telemetry.silent(clock: clock)
        store = MediaStore(pool: pool)
        folder = try await MediaFolder.open(path, threads: threads, random: telemetry.random)
        uploads = MediaUploads(
            serverName: Self.serverName, maxBytes: maxBytes, requiresToken: requiresToken, store: store,
            folder: folder, telemetry: telemetry)
        downloads = MediaDownloads(serverName: Self.serverName, store: store, folder: folder, telemetry: telemetry)
        thumbnails = Thumbnails(downloads: downloads, folder: folder, thumbnailer: thumbnailer)
    }

    private static func user(_ name: String, _ number: Int64, isSuspended: Bool = false) -> LocalUser {
        LocalUser(
            userID: UserID("@\(name):example.org")!, userNID: UserNID(number), deviceID: nil, tokenID: nil,
            isSuspended: isSuspended)
    }

    static let suspended = user("eve", 3, isSuspended: true)

    // MARK: Doing

    static func content(_ bytes: [UInt8], type: String? = nil, name: String? = nil) throws -> UploadedContent {
        UploadedContent(
            body: RequestBody.buffer(ByteBuffer(bytes: bytes)).stream, announcedBytes: bytes.count,
            type: MediaType(type), name: try name.flatMap { try FileName($0) })
    }

    /// Uploads as alice, and finds it again.
    func stored(_ bytes: [UInt8], type: String? = nil, name: String? = nil) async throws -> FoundMedia {
        let uri = try await uploads.upload(try Self.content(bytes, type: type, name: name), by: Self.alice)
        return try await downloads.find(uri, by: .authenticated, waiting: .zero)
    }

    func thumbnail(
        _ width: Int, _ height: Int, _ method: ThumbnailWish.Method, isAnimated: Bool = false, of bytes: [UInt8]
    ) async throws -> (type: String, bytes: [UInt8]) {
        let wish = ThumbnailWish(width: width, height: height, method: method, isAnimated: isAnimated)
        let thumbnail = try await thumbnails.thumbnail(wish, of: try await stored(bytes))
        return (thumbnail.type.description, try await Self.bytes(of: thumbnail.file))
    }

    static func bytes(of file: StoredFile) async throws -> [UInt8] {
        switch try await file.body(0..<file.bytes) {
        case .buffer(let buffer): return Array(buffer.readableBytesView)
        case .stream(let stream, _): return try await stream.reduce(into: []) { $0 += $1.readableBytesView }
        }
    }

    /// The names of all files below a folder.
    func files(in name: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(name)").filter { child in
            var isFolder = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)/\(child)", isDirectory: &isFolder)
                && !isFolder
        }
    }
}

/// Pictures to make smaller.
enum TestPicture {
    /// Three frames of 8 x 6 points: red, green, blue.
    static let animation = decoded(
        """
        R0lGODlhCAAGAIEAAP8AAAAAAAAAAAAAACH5BAAKAAAALAAAAAAIAAYAAAgOAAEIHEiwoMGDCBMODAgAIfkEAQoAAQAsAAAAAAgABgCBAP8AAAAA\
        AAAAAAAACA4AAQgcSLCgwYMIEw4MCAAh+QQBCgABACwAAAAACAAGAIEAAP8AAAAAAAAAAAAIDgABCBxIsKDBgwgTDgwIADs=
        """)
    /// A photograph of 40 x 20 points that lies on its side, and says what took it: `Secret`.
    static let photograph = decoded(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/4QA2RXhpZgAATU0AKgAAAAgAAgEPAAIAAAAHAAAAJgESAAMAAAABAAYAAAAAAABTZWNyZXQAAP/bAEMAUDc8\
        RjwyUEZBRlpVUF94yIJ4bm549a+5kcj////////////////////////////////////////////////////AAAsIABQAKAEBEQD/xAAVAAEBAAAA\
        AAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AmAAAAD//2Q==
        """)

    private static func decoded(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text) ?? Data()) }

    /// A PNG of 8-bit colours with transparency.
    ///
    /// - Parameter alpha: of every point.
    static func png(_ width: Int, _ height: Int, alpha: UInt8 = 255) -> [UInt8] {
        var rows: [UInt8] = []
        for y in 0..<height {
            rows.append(0)
            for x in 0..<width { rows += [UInt8(truncatingIfNeeded: x), UInt8(truncatingIfNeeded: y), 128, alpha] }
        }
        return signature + header(width, height) + chunk("IDAT", stored(rows)) + chunk("IEND", [])
    }

    /// The beginning of an enormous picture.
    static func pngHead(_ width: Int, _ height: Int) -> [UInt8] {
        signature + header(width, height) + chunk("IDAT", stored([0, 0])) + chunk("IEND", [])
    }

    /// Width and height of a PNG, or the first frame header of a JPEG.
    static func size(of picture: [UInt8]) -> [Int]? {
        if picture.starts(with: signature) {
            return [number(picture[16..<20]), number(picture[20..<24])]
        }
        var offset = 2
        while offset + 9 < picture.count, picture[offset] == 0xFF {
            if (0xC0...0xC2).contains(picture[offset + 1]) {
                return [number(picture[(offset + 7)..<(offset + 9)]), number(picture[(offset + 5)..<(offset + 7)])]
            }
            offset += 2 + number(picture[(offset + 2)..<(offset + 4)])
        }
        return nil
    }

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private static func header(_ width: Int, _ height: Int) -> [UInt8] {
        chunk("IHDR", bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, 6, 0, 0, 0])
    }

    private static func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
        let named = Array(kind.utf8) + data
        return bigEndian(UInt32(data.count)) + named + bigEndian(crc(named))
    }

    /// Data in the form of zlib, not compressed.
    private static func stored(_ data: [UInt8]) -> [UInt8] {
        var output: [UInt8] = [0x78, 0x01]
        var rest = data[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            output += [rest.isEmpty ? 1 : 0, UInt8(length & 255), UInt8(length >> 8)]
            output += [UInt8(~length & 255), UInt8(~length >> 8)] + block
        } while !rest.isEmpty
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in data {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return output + bigEndian(high << 16 | low)
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
    }
}
