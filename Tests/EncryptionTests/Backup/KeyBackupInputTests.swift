import Encryption
import MatrixCore
import Testing

/// What is refused before anything is asked of the database.
@Suite struct KeyBackupInputTests {
    private static let megolm = "m.megolm_backup.v1.curve25519-aes-sha2"
    private static let publicKey = Base64.encode(Array(repeating: UInt8(7), count: 32))

    private func description(_ algorithm: String, _ authData: JSONValue) throws -> KeyBackupDescription {
        try KeyBackupDescription(algorithm: algorithm, authData: JSONDocument(parsing: authData.canonicalBytes).root)
    }

    @Test func whatAlgorithmsAskForIsTaken() throws {
        let authData: JSONValue = ["public_key": .string(Self.publicKey), "signatures": ["@a:b": ["ed25519:X": "y"]]]
        #expect(try description(Self.megolm, authData).authData == authData.canonicalBytes)
        #expect(try description("org.example", "anything").authData == Array(#""anything""#.utf8))
    }

    @Test(
        arguments: [
            [:], "text", ["public_key": 5], ["public_key": ""], ["public_key": "c2hvcnQ"],
            ["public_key": "not base64!"],
            ["public_key": .string(KeyBackupInputTests.publicKey), "signatures": []],
        ] as [JSONValue])
    func aKeyThatEncryptsNothingIsRefused(_ authData: JSONValue) {
        let error = #expect(throws: MatrixError.self) { _ = try description(Self.megolm, authData) }
        #expect(error?.errcode == .invalidParam)
    }

    @Test func algorithmsHaveNamesOfSensibleLength() {
        for name in ["", String(repeating: "x", count: 256), "a\u{0}b"] {
            #expect(throws: MatrixError.self) { _ = try description(name, [:]) }
        }
        let long = JSONValue.string(String(repeating: "x", count: KeyBackupDescription.maxAuthDataBytes))
        let error = #expect(throws: MatrixError.self) { _ = try description("org.example", long) }
        #expect(error?.errcode == .tooLarge)
    }

    @Test(arguments: [
        Key(room: ""), Key(room: "room"), Key(room: "!a\u{0}"), Key(room: "!" + String(repeating: "x", count: 255)),
        Key(session: ""), Key(session: "a\u{0}"), Key(session: String(repeating: "x", count: 256)), Key(index: -1),
        Key(forwarded: -1),
    ])
    func impossibleKeysAreRefused(_ key: Key) {
        let error = #expect(throws: MatrixError.self) { _ = try KeyBackupBatch([key]) }
        #expect(error?.errcode == .invalidParam)
    }

    @Test func whatIsTooLargeIsRefused() throws {
        let most = KeyBackupBatch.maxSessionDataBytes - 2
        _ = try KeyBackupBatch([Key(data: .string(String(repeating: "x", count: most)))])
        let data = #expect(throws: MatrixError.self) {
            _ = try KeyBackupBatch([Key(data: .string(String(repeating: "x", count: most + 1)))])
        }
        #expect(data?.errcode == .tooLarge)
        let keys = (0...KeyBackupBatch.maxKeys).map { Key(session: "\($0)", data: 0) }
        _ = try KeyBackupBatch(keys.dropLast())
        let number = #expect(throws: MatrixError.self) { _ = try KeyBackupBatch(keys) }
        #expect(number?.errcode == .tooLarge)
    }
}
