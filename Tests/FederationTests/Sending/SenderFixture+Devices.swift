import ApusTesting
import Cluster
import Encryption
import MatrixCore
import RoomsTesting
import Storage
import Telemetry

extension SenderFixture {
    /// A device of a user, logged in and with keys.
    func device(_ deviceID: String, of user: UserRecord, seed: UInt8) async throws -> KeyedDevice {
        let token = TokenHash(of: "\(user.userID) \(deviceID)")
        _ = try await AccountStore(pool: pool).create(
            NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        let opened = try await DeviceStore(pool: pool).open(
            DeviceOpening(
                user: user, deviceID: deviceID, displayName: "a \(deviceID)", address: "",
                tokens: NewTokens(access: token, accessExpiresMilliseconds: nil, refresh: nil), verifiedHash: nil),
            now: 1)
        if case .opened(let listed) = opened { feed.announce(.deviceLists, at: listed, user: user.nid) }
        let device = try KeyedDevice(user.userID.description, deviceID, seed: seed)
        let uploads = KeyUploads(
            store: DeviceKeyStore(pool: pool), interning: worker.interning, feed: feed, clock: telemetry.clock)
        let keys = try JSONDocument(parsing: device.deviceKeys().canonicalBytes).root
        _ = try await uploads.upload(UncheckedKeys(deviceKeys: keys), of: user.nid, deviceID: deviceID)
        return device
    }

    /// Cross-signing keys of a user.
    func crossSigning(of user: UserRecord, seed: UInt8) async throws -> CrossSigner {
        let signer = try CrossSigner(user.userID.description, seed: seed)
        let uploads = CrossSigningUploads(
            keys: DeviceKeyStore(pool: pool), store: CrossSigningStore(pool: pool), interning: worker.interning,
            feed: feed, clock: telemetry.clock)
        let keys = try JSONDocument(parsing: signer.upload().canonicalBytes).root
        _ = try await uploads.set(
            UncheckedCrossSigningKeys(
                masterKey: keys["master_key"], selfSigningKey: keys["self_signing_key"],
                userSigningKey: keys["user_signing_key"]), of: user.nid, isAuthorised: true)
        return signer
    }
}
