import MatrixCore
import Testing

struct HashTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func sha256() {
        #expect(hex(SHA256.hash("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(SHA256.hash("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let bytes = Array("xabcx".utf8)
        #expect(SHA256.hash(bytes[1..<4]) == SHA256.hash("abc"))
    }

    @Test func sha256FromManyThreads() async {
        let expected = SHA256.hash("abc")
        let allSame = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 { group.addTask { (0..<200).allSatisfy { _ in SHA256.hash("abc") == expected } } }
            return await group.allSatisfy { $0 }
        }
        #expect(allSame)
    }

    @Test func blake2b() {
        let abc = Array("abc".utf8)
        #expect(hex(BLAKE2b.hash128(abc)) == "cf4ab791c62b8d2b2109c90275287816")
        #expect(hex(BLAKE2b.hash256(abc)) == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
    }

    @Test func hmac() throws {
        let message = Array("The quick brown fox jumps over the lazy dog".utf8)
        let key = Array("key".utf8)
        #expect(hex(try HMAC.sha1(message, key: key)) == "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9")
        #expect(
            hex(try HMAC.sha256(message, key: key))
                == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
        #expect(try HMAC.sha256([], key: []).count == 32)
    }

    @Test func comparesSecrets() {
        #expect(ConstantTime.equals("abc", "abc"))
        #expect(ConstantTime.equals("", ""))
        #expect(!ConstantTime.equals("abc", "abd"))
        #expect(!ConstantTime.equals("abc", "ab"))
        #expect(!ConstantTime.equals([1, 2], [1, 2, 0]))
    }

    @Test func passwordsAreHashedAndChecked() throws {
        let hash = try PasswordHash.make("correct horse", cost: .minimum)
        #expect(hash.hasPrefix("$argon2id$"))
        #expect(PasswordHash.verify("correct horse", hash: hash))
        #expect(!PasswordHash.verify("correct horsf", hash: hash))
        #expect(!PasswordHash.verify("", hash: hash))
        #expect(try PasswordHash.make("correct horse", cost: .minimum) != hash)
        #expect(!PasswordHash.needsRenewal(hash, cost: .minimum))
        #expect(PasswordHash.needsRenewal(hash, cost: PasswordCost(operations: 2, memoryBytes: 8192)))
        let strange = "pass\0wörd😀"
        #expect(PasswordHash.verify(strange, hash: try PasswordHash.make(strange, cost: .minimum)))
        #expect(!PasswordHash.verify("pass", hash: try PasswordHash.make(strange, cost: .minimum)))
    }

    @Test func whatIsNoPasswordHashMatchesNothing() {
        for hash in ["", "x", "$argon2id$", "$2b$12$abc", String(repeating: "a", count: 5000)] {
            #expect(!PasswordHash.verify("x", hash: hash))
            #expect(PasswordHash.needsRenewal(hash, cost: .minimum))
        }
        #expect(throws: CryptographyError.self) {
            try PasswordHash.make(String(repeating: "a", count: 5000), cost: .minimum)
        }
    }
}
