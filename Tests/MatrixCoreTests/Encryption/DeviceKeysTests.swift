import MatrixCore
import Testing

@Suite struct DeviceKeysTests {
    private let fixture = KeyFormFixture()

    @Test func aDeviceSaysWhoItIs() throws {
        var object = try fixture.signedByDevice(fixture.unsignedDevice)
        object["unsigned"] = ["device_display_name": "not covered"]
        let keys = try DeviceKeys(fixture.view(object), of: fixture.user, deviceID: fixture.deviceID)
        #expect(keys.ed25519 == fixture.device.publicKey)
        #expect(keys.identity == "\(fixture.device.publicKey.base64) \(fixture.agreement)")
        #expect(DeviceKeys.ed25519(of: keys.identity) == fixture.device.publicKey)
        #expect(try JSONValue(parsing: keys.object.body) == fixture.unsignedDevice)
        #expect(keys.selfSignature.keyID == fixture.deviceKeyID)
        #expect(keys.otherSignatures.isEmpty)
    }

    @Test func signaturesOfOtherKeysAreLeftToBeChecked() throws {
        let object = try fixture.sign(
            fixture.signedByDevice(fixture.unsignedDevice), with: fixture.stranger, as: "ed25519:other")
        let keys = try DeviceKeys(fixture.view(object), of: fixture.user, deviceID: fixture.deviceID)
        #expect(Array(keys.otherSignatures.keys) == ["ed25519:other"])
        #expect(keys.object.signature(of: fixture.user, by: "ed25519:other", fixture.stranger.publicKey) != nil)
        #expect(keys.object.signature(of: fixture.user, by: "ed25519:other", fixture.master.publicKey) == nil)
    }

    /// The key of an identity that was stored before a device had another kind of key.
    @Test func anIdentityWithoutAgreementKeyIsReadAgain() throws {
        var object = fixture.unsignedDevice
        object["keys"] = .object([fixture.deviceKeyID: .string(fixture.device.publicKey.base64)])
        let keys = try DeviceKeys(
            fixture.view(fixture.signedByDevice(object)), of: fixture.user, deviceID: fixture.deviceID)
        #expect(DeviceKeys.ed25519(of: keys.identity) == fixture.device.publicKey)
        #expect(DeviceKeys.ed25519(of: "") == nil && DeviceKeys.ed25519(of: "x y") == nil)
    }

    @Test func forgedSignaturesAreRefused() throws {
        let unsigned = fixture.unsignedDevice
        #expect(
            try fixture.refusal(ofDevice: fixture.sign(unsigned, with: fixture.stranger, as: fixture.deviceKeyID))
                == .invalidSignature)
        #expect(
            try fixture.refusal(ofDevice: fixture.sign(unsigned, with: fixture.device, as: "ed25519:OTHER"))
                == .invalidSignature)
        var changed = try fixture.signedByDevice(unsigned)
        changed["algorithms"] = []
        #expect(try fixture.refusal(ofDevice: changed) == .invalidSignature)
        var none = unsigned
        none["signatures"] = [:]
        #expect(try fixture.refusal(ofDevice: none) == .invalidSignature)
    }

    @Test func keysOfOthersAreRefused() throws {
        for (name, value) in [("user_id", "@bob:example.com"), ("device_id", "OTHER"), ("user_id", "alice")] {
            var object = fixture.unsignedDevice
            object[name] = .string(value)
            #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .badJSON, "\(name)")
        }
        var object = fixture.unsignedDevice
        var keys = object["keys"] ?? [:]
        keys["curve25519:OTHER"] = .string(fixture.agreement)
        object["keys"] = keys
        #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .invalidParam)
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let good = fixture.device.publicKey.base64
        let bad = [
            "", "AAAA", good + "=", String(good.dropLast()), good + "AA", "ed25519+key",
            good.replacing("+", with: "-").dropLast(2) + "-_", "é" + good.dropFirst(2),
        ]
        for text in bad.map({ String($0) }) where text != good {
            for algorithm in ["ed25519", "curve25519"] {
                var object = fixture.unsignedDevice
                var keys = object["keys"] ?? [:]
                keys["\(algorithm):\(fixture.deviceID)"] = .string(text)
                object["keys"] = keys
                #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .invalidParam, "\(text)")
            }
        }
        var object = fixture.unsignedDevice
        object["keys"] = .object(["curve25519:\(fixture.deviceID)": .string(fixture.agreement)])
        #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .invalidParam)
    }

    @Test(arguments: ["user_id", "device_id", "algorithms", "keys", "signatures"])
    func everyMemberIsNeededAndHasItsType(_ name: String) throws {
        let signed = try fixture.signedByDevice(fixture.unsignedDevice)
        for value: JSONValue? in [nil, 5, "text", ["a": 5], [5], .null] {
            var object = signed
            object[name] = value
            #expect(try fixture.refusal(ofDevice: object) != nil, "\(name) \(String(describing: value))")
        }
    }

    @Test func sizesAreBounded() throws {
        for filling in [10_000, 100_000] {
            var object = fixture.unsignedDevice
            object["org.example"] = .string(String(repeating: "x", count: filling))
            #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .tooLarge)
        }
        var object = try fixture.signedByDevice(fixture.unsignedDevice)
        object["unsigned"] = .string(String(repeating: "x", count: 100_000))
        #expect(try fixture.refusal(ofDevice: object) == .tooLarge)
        object = fixture.unsignedDevice
        object["algorithms"] = .array((0..<200).map { .string("\($0)") })
        #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .badJSON)
    }

    @Test func whatCannotBeSignedIsRefused() throws {
        var object = fixture.unsignedDevice
        object["org.example"] = 0.5
        #expect(try fixture.refusal(ofDevice: fixture.signedByDevice(object)) == .badJSON)
    }

    @Test func moreThanTheSpecificationKnowsIsKept() throws {
        var object = fixture.unsignedDevice
        object["dehydrated"] = true
        var keys = object["keys"] ?? [:]
        keys["org.example.new:\(fixture.deviceID)"] = "whatever"
        object["keys"] = keys
        let signed = try fixture.signedByDevice(object)
        let read = try DeviceKeys(fixture.view(signed), of: fixture.user, deviceID: fixture.deviceID)
        #expect(try JSONValue(parsing: read.object.body) == object)
    }

    @Test func partsMakeAnObjectAgain() throws {
        let signatures = SignedKeyObject.json(["ed25519:A": "s"])
        let whole = SignedKeyObject.assemble(
            body: Array(#"{"a":1}"#.utf8), signatures: signatures, unsigned: Array("{}".utf8))
        #expect(try JSONValue(parsing: whole) == ["a": 1, "signatures": ["ed25519:A": "s"], "unsigned": [:]])
        let small = SignedKeyObject.assemble(body: Array("{}".utf8), signatures: signatures)
        #expect(try JSONValue(parsing: small) == ["signatures": ["ed25519:A": "s"]])
    }
}
