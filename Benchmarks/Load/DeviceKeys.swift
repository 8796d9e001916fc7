/// What a user's device uploads: its own keys, and one-time keys for others to begin a session with.
struct DeviceKeys: Sendable {
    let user: MatrixUser
    private let key: SigningKey

    /// One-time keys that go up in one request: clients of today send fifty.
    private static let keysPerUpload = 50

    init(of user: MatrixUser) throws {
        self.user = user
        key = try SigningKey()
    }

    /// Uploads the device's keys, and so many one-time keys.
    func publish(oneTimeKeys count: Int, by connection: MatrixConnection) async throws {
        try await connection.uploadKeys("{\"device_keys\": \(try deviceKeys())}", as: user)
        var first = 0
        while first < count {
            let next = min(count, first + Self.keysPerUpload)
            let keys = try (first..<next).map { try oneTimeKey($0) }.joined(separator: ", ")
            try await connection.uploadKeys("{\"one_time_keys\": {\(keys)}}", as: user)
            first = next
        }
    }

    private func deviceKeys() throws -> String {
        let device = user.deviceID
        let members = """
            "algorithms":["m.olm.v1.curve25519-aes-sha2","m.megolm.v1.aes-sha2"],"device_id":\(quoted(device)),\
            "keys":{"curve25519:\(device)":"\(Self.randomKey())","ed25519:\(device)":"\(key.publicKey)"},
            """
        return try signed(members, "\"user_id\":\(quoted(user.userID))")
    }

    private func oneTimeKey(_ number: Int) throws -> String {
        "\"signed_curve25519:\(number)\": \(try signed("\"key\":\"\(Self.randomKey())\"", nil))"
    }

    /// An object of these members, between which its signatures belong; both parts are canonical.
    private func signed(_ head: String, _ tail: String?) throws -> String {
        let signature = try key.sign("{\(head)\(tail ?? "")}")
        let signatures = "\"signatures\":{\(quoted(user.userID)):{\"ed25519:\(user.deviceID)\":\"\(signature)\"}}"
        return tail.map { "{\(head)\(signatures),\($0)}" } ?? "{\(head),\(signatures)}"
    }

    /// Nobody begins a session with it, so nobody needs its private half.
    private static func randomKey() -> String {
        base64((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
}

extension Server {
    /// Users of whom each has a device with so many one-time keys.
    func makeDevices(_ count: Int, oneTimeKeys: Int, named name: String) async throws -> [MatrixUser] {
        try await collect(count) { number, connection in
            let user = try await connection.register(name: "\(name)-\(run)-\(number)", secret: sharedSecret)
            try await DeviceKeys(of: user).publish(oneTimeKeys: oneTimeKeys, by: connection)
            return user
        }
    }
}
