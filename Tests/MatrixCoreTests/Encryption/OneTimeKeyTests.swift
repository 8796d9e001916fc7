import MatrixCore
import Testing

@Suite struct OneTimeKeyTests {
    private let fixture = KeyFormFixture()
    private let key = "zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs"

    @Test func signedKeysAreKeptWithTheDevicesSignatureAlone() throws {
        let signed = try fixture.signedByDevice(["key": .string(key), "fallback": true])
        var more = try fixture.sign(signed, with: fixture.stranger, as: "ed25519:OTHER")
        more["unsigned"] = ["age": 5]
        for value in [signed, more] {
            let read = try fixture.oneTimeKey("signed_curve25519:AAAAHg", value).get()
            #expect(read.algorithm == "signed_curve25519" && read.keyID == "AAAAHg")
            #expect(try JSONValue(parsing: read.body) == signed)
        }
    }

    @Test(arguments: ["curve25519", "ed25519"])
    func plainKeysAreStrings(_ algorithm: String) throws {
        #expect(try fixture.oneTimeKey("\(algorithm):A", .string(key)).get().body == Array("\"\(key)\"".utf8))
        #expect(try fixture.refusal("\(algorithm):A", ["key": .string(key)]) == .badJSON)
        #expect(try fixture.refusal("\(algorithm):A", "AAAA") == .invalidParam)
    }

    @Test func namesHaveAnAlgorithmThatIsKnown() throws {
        let signed = try fixture.signedByDevice(["key": .string(key)])
        for name in [
            "", "A", ":A", "signed_curve25519:", "signed_curve25519:A:B", "signed_curve25519:\u{1}",
            "signed_curve25519:" + String(repeating: "x", count: 256),
        ] {
            #expect(try fixture.refusal(name, signed) == .badJSON, "\(name)")
        }
        for name in ["my_algorithm:A", "signed_curve448:A", "CURVE25519:A"] {
            #expect(try fixture.refusal(name, signed) == .invalidParam, "\(name)")
        }
    }

    @Test func forgedKeysAreRefused() throws {
        let object: JSONValue = ["key": .string(key)]
        let name = "signed_curve25519:A"
        #expect(try fixture.refusal(name, object) == .invalidSignature)
        #expect(
            try fixture.refusal(name, fixture.sign(object, with: fixture.stranger, as: fixture.deviceKeyID))
                == .invalidSignature)
        var changed = try fixture.signedByDevice(object)
        changed["fallback"] = true
        #expect(try fixture.refusal(name, changed) == .invalidSignature)
        #expect(try fixture.refusal(name, .string(key)) == .badJSON)
        #expect(try fixture.refusal(name, fixture.signedByDevice(["key": 5])) == .badJSON)
        #expect(try fixture.refusal(name, fixture.signedByDevice(["key": "AAAA"])) == .invalidParam)
        #expect(try fixture.refusal(name, fixture.signedByDevice(["key": .string(key), "fallback": 1])) == .badJSON)
    }

    @Test func sizesAreBounded() throws {
        for filling in [2_100, 1 << 20] {
            let object: JSONValue = ["key": .string(key), "x": .string(String(repeating: "x", count: filling))]
            #expect(try fixture.refusal("signed_curve25519:A", fixture.signedByDevice(object)) == .tooLarge)
        }
    }
}

extension KeyFormFixture {
    fileprivate func refusal(_ name: String, _ value: JSONValue) throws -> Errcode? {
        switch try oneTimeKey(name, value) {
        case .success: nil
        case .failure(let error): error.errcode
        }
    }
}
