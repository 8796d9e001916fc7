package import MatrixCore

/// Signs JSON as clients do.
package struct TestSigner: Sendable {
    package let key: Ed25519PrivateKey
    package var publicKey: String { key.publicKey.base64 }

    package init(seed: UInt8) throws {
        guard let key = Ed25519PrivateKey(seed: Array(repeating: seed, count: 32)) else {
            throw TestingError("no key")
        }
        self.key = key
    }

    /// The object with a signature of a user's key added.
    package func sign(_ object: JSONValue, as user: String, keyID: String) throws -> JSONValue {
        let message = try CanonicalJSON.encode(object, strict: true, without: JSONSigning.uncovered)
        var signed = object
        var signatures = object["signatures"] ?? [:]
        var own = signatures[user] ?? [:]
        own[keyID] = .string(Base64.encode(key.sign(message)))
        signatures[user] = own
        signed["signatures"] = signatures
        return signed
    }
}

/// A device that encrypts, as far as servers see it.
package struct KeyedDevice: Sendable {
    package let userID: String
    package let deviceID: String
    package let signer: TestSigner
    private let agreement: String

    package var keyID: String { "ed25519:\(deviceID)" }

    package init(_ userID: String, _ deviceID: String, seed: UInt8) throws {
        self.userID = userID
        self.deviceID = deviceID
        signer = try TestSigner(seed: seed)
        agreement = Base64.encode(Array(repeating: seed, count: 32))
    }

    /// What it says of itself, not signed yet.
    package var unsigned: JSONValue {
        [
            "user_id": .string(userID), "device_id": .string(deviceID),
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
            "keys": .object([
                keyID: .string(signer.publicKey), "curve25519:\(deviceID)": .string(agreement),
            ]),
        ]
    }

    package func deviceKeys() throws -> JSONValue { try sign(unsigned) }

    package func sign(_ object: JSONValue) throws -> JSONValue {
        try signer.sign(object, as: userID, keyID: keyID)
    }

    /// A `signed_curve25519` key; the number makes it another one.
    package func oneTimeKey(_ number: Int, isFallback: Bool = false) throws -> JSONValue {
        var bytes = [UInt8](repeating: 9, count: 32)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        var key: JSONValue = ["key": .string(Base64.encode(bytes))]
        if isFallback { key["fallback"] = true }
        return try sign(key)
    }

    /// Several, named by their numbers.
    package func oneTimeKeys(_ numbers: Range<Int>) throws -> JSONValue {
        .object(
            Dictionary(
                try numbers.map { ("signed_curve25519:K\($0)", try oneTimeKey($0)) }, uniquingKeysWith: { $1 }))
    }
}

/// A user's cross-signing keys, with the private halves.
package struct CrossSigner: Sendable {
    package let userID: String
    package let master: TestSigner
    package let selfSigning: TestSigner
    package let userSigning: TestSigner

    /// - Parameter seed: of the first key; the others take the next two.
    package init(_ userID: String, seed: UInt8) throws {
        self.userID = userID
        master = try TestSigner(seed: seed)
        selfSigning = try TestSigner(seed: seed + 1)
        userSigning = try TestSigner(seed: seed + 2)
    }

    package func masterKey() -> JSONValue { object(master, "master") }
    package func selfSigningKey() throws -> JSONValue { try signedByMaster(object(selfSigning, "self_signing")) }
    package func userSigningKey() throws -> JSONValue { try signedByMaster(object(userSigning, "user_signing")) }

    /// All three, as they are uploaded.
    package func upload() throws -> JSONValue {
        [
            "master_key": masterKey(), "self_signing_key": try selfSigningKey(),
            "user_signing_key": try userSigningKey(),
        ]
    }

    package func object(_ signer: TestSigner, _ usage: String) -> JSONValue {
        [
            "user_id": .string(userID), "usage": [.string(usage)],
            "keys": .object(["ed25519:\(signer.publicKey)": .string(signer.publicKey)]),
        ]
    }

    package func signedByMaster(_ object: JSONValue) throws -> JSONValue { try sign(object, with: master) }

    package func sign(_ object: JSONValue, with signer: TestSigner) throws -> JSONValue {
        try signer.sign(object, as: userID, keyID: "ed25519:\(signer.publicKey)")
    }
}
