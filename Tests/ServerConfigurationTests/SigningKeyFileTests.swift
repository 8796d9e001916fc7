import FoundationEssentials
import Glibc
import MatrixCore
import ServerConfiguration
import Testing

@Suite struct SigningKeyFileTests {
    @Test func readsAndWritesEveryKey() throws {
        let ring = try #require(
            SigningKeyRing(current: try key("a_1", 1)).rotated(to: try key("a_2", 2), atMilliseconds: 1000)?
                .rotated(to: try key("a_3", 3), atMilliseconds: 2000))
        let again = try #require(SigningKeyRing(file: ring.fileText))
        #expect(again == ring)
        #expect(again.current.id.description == "ed25519:a_3")
        #expect(again.expired.map(\.id.version) == ["a_2", "a_1"])
        #expect(again.expired.map(\.expiredMilliseconds) == [2000, 1000])
        #expect(again.expired.first?.publicKey == (try key("a_2", 2)).publicKey)
        #expect(
            !ring.fileText.dropFirst(ring.current.fileText.count).contains(
                try key("a_2", 2).fileText.split(separator: " ")[2]))
    }

    @Test func refusesANameThatWasUsedBefore() throws {
        let ring = try #require(
            SigningKeyRing(current: try key("a_1", 1)).rotated(to: try key("a_2", 2), atMilliseconds: 1))
        #expect(ring.rotated(to: try key("a_2", 3), atMilliseconds: 2) == nil)
        #expect(ring.rotated(to: try key("a_1", 3), atMilliseconds: 2) == nil)
    }

    @Test(arguments: [
        "", "\n", "ed25519 a_1", "ed25519 a_1 !!!!", "ed25519 a_1 AAAA", "rsa a_1 AAAA", "expired ed25519:a_1 AAAA 5",
    ])
    func refusesAFileWithoutAKey(_ text: String) {
        #expect(SigningKeyRing(file: text) == nil)
    }

    @Test(arguments: ["nonsense", "expired ed25519:a_0 AAAA 5", "expired x AAAA 5", "expired ed25519:a_0 AAAA"])
    func refusesAFileWithALineThatIsNone(_ line: String) throws {
        #expect(SigningKeyRing(file: try key("a_1", 1).fileText + line + "\n") == nil)
    }

    @Test func makesTheFileForItsOwnerOnly() throws {
        try withFolder { folder in
            let file = SigningKeyFile(path: "\(folder)/deep/er/signing.key")
            #expect(try file.load() == nil)
            let made = try file.loadOrCreate(version: "a_1", seed: seed(1))
            var status = stat()
            #expect(stat(file.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(try file.load() == made)
            #expect(try file.loadOrCreate(version: "a_2", seed: seed(2)) == made)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep/er") == ["signing.key"])
        }
    }

    @Test func rotatesTheFile() throws {
        try withFolder { folder in
            let file = SigningKeyFile(path: "\(folder)/signing.key")
            #expect(throws: SigningKeyFileError.self) {
                try file.rotate(version: "a_2", seed: seed(2), atMilliseconds: 5)
            }
            _ = try file.loadOrCreate(version: "a_1", seed: seed(1))
            let new = try file.rotate(version: "a_2", seed: seed(2), atMilliseconds: 5)
            #expect(try file.load() == new)
            #expect(new.expired.map(\.id.version) == ["a_1"])
            #expect(throws: SigningKeyFileError.self) {
                try file.rotate(version: "a_1", seed: seed(3), atMilliseconds: 6)
            }
            #expect(throws: SigningKeyFileError.self) {
                try file.rotate(version: "a-b", seed: seed(3), atMilliseconds: 6)
            }
            #expect(try file.load() == new)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["signing.key"])
        }
    }

    /// Whoever comes second uses the key of the first.
    @Test func allProcessesThatStartAtOnceUseOneKey() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "apus-keys-\(UInt64.random(in: 0 ... .max))"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let rings = try await withThrowingTaskGroup(of: SigningKeyRing.self) { group in
            for number in 1...32 {
                group.addTask {
                    try SigningKeyFile(path: "\(folder)/signing.key")
                        .loadOrCreate(version: "a_\(number)", seed: seed(UInt8(number)))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(rings.count == 32)
        #expect(rings.allSatisfy { $0 == rings[0] })
    }

    @Test func saysWhatIsWrongWithAFile() throws {
        try withFolder { folder in
            try Data("nonsense".utf8).write(to: URL(filePath: "\(folder)/signing.key"))
            #expect(throws: SigningKeyFileError.self) { try SigningKeyFile(path: "\(folder)/signing.key").load() }
            #expect(throws: SigningKeyFileError.self) { try SigningKeyFile(path: folder).load() }
            #expect(throws: SigningKeyFileError.self) {
                try SigningKeyFile(path: "\(folder)/signing.key/below").loadOrCreate(version: "a_1", seed: seed(1))
            }
        }
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "apus-keys-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}

private func seed(_ byte: UInt8) -> [UInt8] {
    [UInt8](repeating: byte, count: Ed25519PrivateKey.seedByteCount)
}

private func key(_ version: String, _ byte: UInt8) throws -> SigningKey {
    try #require(SigningKey(version: version, seed: seed(byte)))
}
