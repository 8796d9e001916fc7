import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors
struct JSONSigningTests {
    private let seed = Base64.decode("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1") ?? []
    private let domain = ServerName("domain")

    private func key() throws -> SigningKey { try #require(SigningKey(version: "1", seed: seed)) }

    @Test(
        arguments: [
            (
                [:],
                "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
            ),
            (
                ["one": 1, "two": "Two"],
                "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
            ),
        ] as [(JSONValue, String)])
    func givesTheSpecificationsSignatures(_ object: JSONValue, _ signature: String) throws {
        let signed = try JSONSigning.sign(object, serverName: try #require(domain), key: key())
        var expected = object
        expected["signatures"] = ["domain": ["ed25519:1": .string(signature)]]
        #expect(signed == expected)
        #expect(try verifies(signed))
    }

    @Test func keepsOtherSignaturesAndDoesNotCoverThem() throws {
        let object: JSONValue = [
            "one": 1, "signatures": ["other": ["ed25519:x": "abc"], "domain": ["ed25519:0": "def"]],
            "unsigned": ["age": 1],
        ]
        var signed = try JSONSigning.sign(object, serverName: try #require(domain), key: key())
        #expect(signed["signatures"]?["other"] == ["ed25519:x": "abc"])
        #expect(signed["signatures"]?["domain"]?["ed25519:0"] == "def")
        #expect(try verifies(signed))
        signed["unsigned"] = ["age": 2]
        #expect(try verifies(signed))
        signed["one"] = 2
        #expect(try !verifies(signed))
    }

    private func verifies(_ object: JSONValue) throws -> Bool {
        let view = try JSONDocument(parsing: object.canonicalBytes).root
        return JSONSigning.verify(
            view, serverName: try #require(domain), keyID: try key().id, publicKey: try key().publicKey)
    }

    @Test(arguments: [
        #"{}"#, #"{"signatures":1}"#, #"{"signatures":{"domain":[]}}"#, #"{"signatures":{"domain":{"ed25519:1":5}}}"#,
        #"{"signatures":{"domain":{"ed25519:1":"!"}}}"#, #"{"signatures":{"domain":{"ed25519:1":"AAAA"}}}"#, "[]",
        #"{"signatures":{"other":{"ed25519:1":"K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"}}}"#,
    ])
    func refusesWhatIsNotSigned(_ text: String) throws {
        let view = try JSONDocument(parsing: text).root
        #expect(
            !JSONSigning.verify(
                view, serverName: try #require(domain), keyID: try key().id, publicKey: try key().publicKey))
    }

    @Test func listsTheKeysOfASigner() throws {
        let view = try JSONDocument(
            parsing:
                #"{"signatures":{"a":{"ed25519:1":"x","rsa:1":"x","ed25519:2":5,"bad":"x","ed25519:3":"y"},"b":7}}"#
        ).root
        #expect(JSONSigning.keyIDs(view, entity: "a").map(\.description) == ["ed25519:1", "ed25519:3"])
        #expect(JSONSigning.keyIDs(view, entity: "b").isEmpty)
        #expect(JSONSigning.keyIDs(view, entity: "c").isEmpty)
    }

    @Test func signsStrictlyUnlessAskedOtherwise() throws {
        let object: JSONValue = ["a": 1.5]
        #expect(throws: JSONError.self) { try JSONSigning.sign(object, entity: "domain", key: key()) }
        #expect(try verifies(JSONSigning.sign(object, entity: "domain", key: key(), strict: false)))
    }

    @Test func readsAndWritesKeyFiles() throws {
        let key = try #require(SigningKey(file: "\n ed25519 a_RXGa YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n\n"))
        #expect(key.id.description == "ed25519:a_RXGa")
        // The specification's seed ends in bits that mean nothing, which are not kept.
        #expect(key.fileText == "ed25519 a_RXGa YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0\n")
        #expect(key.publicKey.base64 == "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI")
        for text in [
            "", "\n", "ed25519 a", "rsa a YJDB", "ed25519 a YJDB",
            "ed25519 a:b YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1",
        ] {
            #expect(SigningKey(file: text) == nil)
        }
    }

    @Test func doesNotShowSecrets() throws {
        let key = try key()
        for text in ["\(key)", "\(key.privateKey)", String(reflecting: key.privateKey)] {
            #expect(!text.contains("YJDBA9"))
            #expect(!text.contains("\(seed[0]), \(seed[1])"))
        }
    }
}
