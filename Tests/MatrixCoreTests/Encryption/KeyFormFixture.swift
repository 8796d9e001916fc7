import MatrixCore

/// Keys of one user, signed as clients sign them.
struct KeyFormFixture {
    let user = UserID("@alice:example.com")!
    let deviceID = "JLAFKJWSCS"
    let device = Ed25519PrivateKey(seed: Array(repeating: 1, count: 32))!
    let master = Ed25519PrivateKey(seed: Array(repeating: 2, count: 32))!
    let stranger = Ed25519PrivateKey(seed: Array(repeating: 3, count: 32))!

    var deviceKeyID: String { "ed25519:\(deviceID)" }
    var agreement: String { Base64.encode(Array(repeating: 7, count: 32)) }

    var unsignedDevice: JSONValue {
        [
            "user_id": .string(user.description), "device_id": .string(deviceID),
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
            "keys": .object([
                deviceKeyID: .string(device.publicKey.base64), "curve25519:\(deviceID)": .string(agreement),
            ]),
        ]
    }

    func sign(_ object: JSONValue, with key: Ed25519PrivateKey, as keyID: String) throws -> JSONValue {
        let message = try CanonicalJSON.encode(object, strict: false, without: JSONSigning.uncovered)
        var signed = object
        var signatures = object["signatures"] ?? [:]
        var own = signatures[user.description] ?? [:]
        own[keyID] = .string(Base64.encode(key.sign(message)))
        signatures[user.description] = own
        signed["signatures"] = signatures
        return signed
    }

    func signedByDevice(_ object: JSONValue) throws -> JSONValue { try sign(object, with: device, as: deviceKeyID) }

    func view(_ value: JSONValue) throws -> JSONView { try JSONDocument(parsing: value.canonicalBytes).root }

    /// The error code with which a device's keys are refused.
    func refusal(ofDevice value: JSONValue) throws -> Errcode? {
        let view = try view(value)
        do {
            _ = try DeviceKeys(view, of: user, deviceID: deviceID)
            return nil
        } catch { return error.errcode }
    }

    func oneTimeKey(_ name: String, _ value: JSONValue) throws -> Result<OneTimeKey, MatrixError> {
        let view = try view(value)
        let owner = OneTimeKey.Owner(userID: user, deviceID: deviceID, ed25519: device.publicKey)
        return Result { () throws(MatrixError) in try OneTimeKey(named: name, view, of: owner) }
    }

    func crossSigningKey(_ key: Ed25519PrivateKey, _ usage: String) -> JSONValue {
        [
            "user_id": .string(user.description), "usage": [.string(usage)],
            "keys": .object(["ed25519:\(key.publicKey.base64)": .string(key.publicKey.base64)]),
        ]
    }
}
