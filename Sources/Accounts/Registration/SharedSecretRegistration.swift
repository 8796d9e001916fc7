import MatrixCore
package import Storage
package import Telemetry

/// Accounts made by whoever knows the shared secret of the configuration, as Synapse has it and every tool expects it.
///
/// - Spec: https://element-hq.github.io/synapse/latest/admin_api/register_api.html
package struct SharedSecretRegistration: Sendable {
    /// How long a nonce is good.
    private static let nonceLifetime = Duration.seconds(60)
    private static let nonceRandomBytes = 16
    private static let userTypes: Set<String> = ["support", "bot"]

    private let secret: [UInt8]
    private let registration: Registration
    private let accounts: AccountStore
    private let devices: DeviceSessions
    private let telemetry: Telemetry

    package init(
        secret: String, registration: Registration, accounts: AccountStore, devices: DeviceSessions,
        telemetry: Telemetry
    ) {
        self.secret = Array(secret.utf8)
        self.registration = registration
        self.accounts = accounts
        self.devices = devices
        self.telemetry = telemetry
    }

    package struct Request: Sendable {
        let nonce: String
        let username: String
        let displayName: String?
        let password: String
        let isAdministrator: Bool
        let userType: String?
        let mac: String
        let inhibitsLogin: Bool
        let address: String

        package init(
            nonce: String, username: String, displayName: String?, password: String, isAdministrator: Bool,
            userType: String?, mac: String, inhibitsLogin: Bool, address: String
        ) {
            self.nonce = nonce
            self.username = username
            self.displayName = displayName
            self.password = password
            self.isAdministrator = isAdministrator
            self.userType = userType
            self.mac = mac
            self.inhibitsLogin = inhibitsLogin
            self.address = address
        }
    }

    /// A nonce: when it ends, randomness, and our mark on both, so that handing one out writes nothing anywhere.
    package func nonce() throws -> String {
        let expires = telemetry.clock.nowMilliseconds + Self.nonceLifetime.wholeMilliseconds
        let random = Base64.encodeURLSafe(telemetry.random.bytes(Self.nonceRandomBytes))
        return "\(expires).\(random).\(try mark(expires, random))"
    }

    /// Makes the account and logs it in.
    ///
    /// - Throws: 400 for an unknown or used nonce, 403 for a wrong `mac`, `M_USER_IN_USE`, `M_INVALID_USERNAME`.
    package func register(_ request: Request) async throws -> RegisteredAccount {
        guard let expires = try expiry(of: request.nonce) else { throw Self.unknownNonce }
        if let userType = request.userType, !Self.userTypes.contains(userType) {
            throw MatrixError(.unknown, "Invalid user type", status: 400)
        }
        guard ConstantTime.equals(try mac(of: request), request.mac) else {
            throw MatrixError(.unknown, "HMAC incorrect", status: 403)
        }
        // Only who knows the secret makes us write.
        let now = telemetry.clock.nowMilliseconds
        guard try await accounts.useNonce(request.nonce, expiresMilliseconds: expires, now: now) else {
            throw Self.unknownNonce
        }
        let user = try await registration.makeAccount(
            request.username, password: request.password, isAdministrator: request.isAdministrator,
            displayName: request.displayName)
        guard !request.inhibitsLogin else { return RegisteredAccount(userID: user.userID, session: nil) }
        let device = try DeviceRequest(
            deviceID: nil, displayName: nil, wantsRefreshToken: false, address: request.address)
        return RegisteredAccount(
            userID: user.userID, session: try await devices.open(device, for: user, verifiedHash: nil))
    }

    private static var unknownNonce: MatrixError { MatrixError(.unknown, "Unrecognised nonce", status: 400) }

    private func mark(_ expires: Int64, _ random: String) throws -> String {
        Base64.encodeURLSafe(try HMAC.sha256(Array("nonce\0\(expires)\0\(random)".utf8), key: secret))
    }

    /// When a nonce of ours ends; `nil` when it is not ours, or has ended.
    private func expiry(of nonce: String) throws -> Int64? {
        let parts = nonce.split(separator: ".", omittingEmptySubsequences: false)
        guard nonce.utf8.count <= 256, parts.count == 3, let expires = Int64(parts[0]),
            ConstantTime.equals(try mark(expires, String(parts[1])), String(parts[2])),
            expires > telemetry.clock.nowMilliseconds
        else { return nil }
        return expires
    }

    /// HMAC-SHA1 over nonce, user, password, `admin` or `notadmin`, and the user type if there is one, with NULs between.
    private func mac(of request: Request) throws -> String {
        var parts = [
            request.nonce, request.username, request.password, request.isAdministrator ? "admin" : "notadmin",
        ]
        if let userType = request.userType { parts.append(userType) }
        let digest = try HMAC.sha1(Array(parts.joined(separator: "\0").utf8), key: secret)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
