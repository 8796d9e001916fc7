package import MatrixCore
package import Postgres

/// A device that is stored until somebody wakes it.
package struct DehydratedDeviceRecord: Sendable, Hashable {
    package let deviceID: String
    /// JSON, of which only the user's clients know what it says.
    package let data: [UInt8]

    package init(deviceID: String, data: [UInt8]) {
        self.deviceID = deviceID
        self.data = data
    }
}

/// What became of a device that was to be stored.
package enum DehydrationOutcome: Sendable {
    /// Where the log tells of the device's keys, and of the end of the one before.
    case stored(keys: (kind: LogKind, position: LogPosition)?, replaced: AccessChange)
    /// A device of the user that is not stored is called so.
    case idIsTaken
    case noAccount
    /// There is another key of this name.
    case keyNameIsTaken(String)
    /// There would be too many keys of this algorithm.
    case tooManyKeys(String)
}

/// Devices that are stored until somebody wakes them: one for each user.
package struct DehydratedDeviceStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func device(of user: UserNID) async throws -> DehydratedDeviceRecord? {
        guard let row = try await pool.query(DehydratedDeviceStatements.one, user.rawValue).first else { return nil }
        let (deviceID, data) = try row.decode((String, [UInt8]).self)
        return DehydratedDeviceRecord(deviceID: deviceID, data: data)
    }

    /// Stores a device with its keys, in place of the one that was stored; nothing is written when something is in its way.
    ///
    /// - Parameter keys: of this device, with what it says of itself.
    /// - Cost: one statement.
    package func store(
        _ device: DehydratedDeviceRecord, keys: DeviceKeyUpload, displayName: String?, of user: UserRecord, now: Int64
    ) async throws -> DehydrationOutcome {
        let rows = try await pool.query(
            DehydratedDeviceStatements.store, user.shard, user.nid.rawValue, device.deviceID, device.data, displayName,
            keys.identity, keys.deviceKeys?.body,
            keys.deviceKeys.map { String(decoding: $0.signatures, as: UTF8.self) },
            keys.oneTimeKeys.map(\.algorithm), keys.oneTimeKeys.map(\.keyID), keys.oneTimeKeys.map(\.body),
            keys.fallbackKeys.map(\.algorithm), keys.fallbackKeys.map(\.keyID), keys.fallbackKeys.map(\.body),
            DeviceKeyStore.maxOneTimeKeys, DeviceKeyStore.maxRememberedKeys, now)
        guard var row = rows.first else { throw StorageError.missing("store_dehydrated_device") }
        let outcome = try row.next(Int16.self)
        let refused = try row.next(String?.self) ?? ""
        switch outcome {
        case 0:
            let kind = try row.next(Int16?.self).flatMap(LogKind.init)
            let position = try LogPosition(optional: &row, shard: user.shard)
            return .stored(
                keys: kind.flatMap { kind in position.map { (kind, $0) } },
                replaced: try AccessChange(&row, shard: user.shard))
        case 3: return .keyNameIsTaken(refused)
        case 4: return .tooManyKeys(refused)
        // 1: the stored device was deleted at this moment, and its name is free again.
        case 1, 5: return .idIsTaken
        case 6: return .noAccount
        default: throw StorageError.corrupt("store_dehydrated_device")
        }
    }

    /// What waits for the device after a place, the oldest first. Nothing is deleted.
    ///
    /// - Parameters:
    ///   - place: `nil` begins with the oldest.
    ///   - limit: at most `DeviceMessageStore.maxMessages`.
    package func messages(
        for deviceID: String, of user: UserNID, after place: InboxPlace?, limit: Int
    ) async throws -> InboxPage {
        let rows = try await pool.query(
            DehydratedDeviceStatements.messages, user.rawValue, deviceID, place?.position, place?.order,
            Int64(min(max(limit, 1), DeviceMessageStore.maxMessages)), DeviceMessageStore.maxPageBytes)
        return try DeviceMessageStore.page(rows)
    }
}
