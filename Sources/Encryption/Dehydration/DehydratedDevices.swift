package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// A device of each user that is stored here, receives messages like any other, and is woken by a new device of the user, which
/// so learns the keys that were sent meanwhile.
///
/// - Spec: MSC3814
package struct DehydratedDevices: Sendable {
    /// What the device keeps of itself, as it is written, in bytes: a few hundred one-time keys fit several times.
    package static let maxDataBytes = 262_144
    private static let maxDisplayNameBytes = 512

    private let store: DehydratedDeviceStore
    private let devices: DeviceStore
    private let uploads: KeyUploads
    private let interning: Interning
    private let feed: LogFeed
    private let clock: any Clock

    package init(
        store: DehydratedDeviceStore, devices: DeviceStore, uploads: KeyUploads, interning: Interning, feed: LogFeed,
        clock: any Clock
    ) {
        self.store = store
        self.devices = devices
        self.uploads = uploads
        self.interning = interning
        self.feed = feed
        self.clock = clock
    }

    /// A device as a client hands it over.
    package struct NewDevice: Sendable {
        package let deviceID: String
        let data: [UInt8]
        let displayName: String?
        let keys: UncheckedKeys

        /// - Parameter keys: with what the device says of itself.
        /// - Throws: `M_INVALID_PARAM`, `M_BAD_JSON`, `M_MISSING_PARAM`, `M_TOO_LARGE`.
        package init(
            deviceID: String, data: JSONView, displayName: String?, keys: UncheckedKeys
        ) throws(MatrixError) {
            guard OpaqueIdentifier.isDeviceID(deviceID) else { throw .invalidParam("The device id is not valid") }
            guard data.isObject, data["algorithm"]?.isString == true else {
                throw .badJSON("device_data must be an object with an algorithm")
            }
            guard data.rawBytes.count <= DehydratedDevices.maxDataBytes else {
                throw MatrixError(.tooLarge, "device_data is too large")
            }
            if let displayName {
                guard displayName.utf8.count <= DehydratedDevices.maxDisplayNameBytes, !displayName.utf8.contains(0)
                else { throw .invalidParam("The device's display name is not valid") }
            }
            guard keys.deviceKeys != nil else { throw .missingParam("device_keys") }
            self.deviceID = deviceID
            self.data = Array(data.rawBytes)
            self.displayName = displayName
            self.keys = keys
        }
    }

    /// Stores a device in place of the one that was stored, which ends with everything that it has.
    ///
    /// - Throws: what the checks of the keys throw; `M_INVALID_PARAM` when another device of the user is called so, or there are
    ///   too many keys; `M_UNKNOWN` (400) for another key under a known name. Nothing is changed then.
    package func put(_ device: NewDevice, of userNID: UserNID) async throws {
        let user = try await interning.user(userNID)
        let keys = try await uploads.checked(device.keys, of: user, deviceID: device.deviceID)
        let outcome = try await store.store(
            DehydratedDeviceRecord(deviceID: device.deviceID, data: device.data), keys: keys,
            displayName: device.displayName, of: user, now: clock.nowMilliseconds)
        switch outcome {
        case .stored(let keys, let replaced):
            if let keys { feed.announce(keys.kind, at: keys.position, user: user.nid) }
            announce(replaced, of: user)
        case .idIsTaken: throw MatrixError.invalidParam("Another device of yours has this id")
        case .noAccount: throw MatrixError(.userDeactivated, "This account has been deactivated")
        case .keyNameIsTaken(let name): throw KeyUploads.nameIsTaken(name)
        case .tooManyKeys(let algorithm): throw KeyUploads.tooMany(of: algorithm)
        }
    }

    /// - Returns: the device's id, and what it keeps of itself as JSON.
    /// - Throws: `M_NOT_FOUND` when none is stored.
    package func device(of user: UserNID) async throws -> (deviceID: String, data: [UInt8]) {
        guard let device = try await store.device(of: user) else { throw Self.none }
        return (device.deviceID, device.data)
    }

    /// Ends the stored device with everything that it has.
    ///
    /// - Returns: its id.
    /// - Throws: `M_NOT_FOUND` when none is stored.
    package func delete(of userNID: UserNID) async throws -> String {
        guard let device = try await store.device(of: userNID) else { throw Self.none }
        let user = try await interning.user(userNID)
        announce(try await devices.close([device.deviceID], of: user, now: clock.nowMilliseconds), of: user)
        return device.deviceID
    }

    private static var none: MatrixError { .notFound("No dehydrated device available") }

    private func announce(_ change: AccessChange, of user: UserRecord) {
        if let position = change.position { feed.announce(.access, at: position, user: user.nid) }
        if let position = change.deviceLists { feed.announce(.deviceLists, at: position, user: user.nid) }
    }
}

extension KeyUploads {
    /// Checks the keys of a device that says itself by which they are checked.
    func checked(
        _ keys: UncheckedKeys, of user: UserRecord, deviceID: String
    ) async throws -> DeviceKeyUpload {
        guard let view = keys.deviceKeys else { throw MatrixError.missingParam("device_keys") }
        let device = try DeviceKeys(view, of: user.userID, deviceID: deviceID)
        try Self.checkNumbers(keys)
        let (oneTime, fallback) = try await check(keys, of: user.userID, deviceID, device.identity)
        return DeviceKeyUpload(
            deviceID: deviceID, identity: device.identity,
            deviceKeys: (body: device.object.body, signatures: try await signatures(over: device, of: user)),
            oneTimeKeys: oneTime, fallbackKeys: fallback)
    }
}
