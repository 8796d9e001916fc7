package import MatrixCore
package import Postgres

/// Device keys and one-time keys of local users.
package struct DeviceKeyStore: Sendable {
    /// Of each algorithm, for a device.
    package static let maxOneTimeKeys: Int64 = 500
    /// Keys that were given out and are still known, for a device.
    static let maxRememberedKeys: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    // MARK: Reading

    /// Cost: one query for all.
    package func published(_ question: PublishedKeysQuestion) async throws -> PublishedKeys {
        let rows = try await pool.query(
            DeviceKeyStatements.published, question.users, question.deviceIDs, question.crossSigning.map(\.rawValue),
            question.viewer?.rawValue, question.signatures.map(\.rawValue))
        var keys = PublishedKeys()
        for var row in rows {
            let kind = try row.next(Int16.self)
            let user = UserNID(try row.next(Int64.self))
            let name = try row.next(String.self)
            if kind == 4 {
                _ = (try row.next([UInt8]?.self), try row.next([UInt8]?.self))
                keys.viewerSignatures[user] = PublishedKeys.ViewerSignature(
                    masterKey: name, keyID: try row.next(String.self), signature: try row.next(String.self))
                continue
            }
            let key = PublishedKeys.Key(
                name: name, body: try row.next([UInt8].self), signatures: try row.next([UInt8].self),
                displayName: try row.next(String?.self))
            if kind == 0 {
                keys.devices[user, default: []].append(key)
            } else {
                guard let usage = CrossSigningKey.Usage(rawValue: kind - 1) else {
                    throw StorageError.corrupt("cross_signing_keys.usage")
                }
                keys.crossSigning[user, default: [:]][usage] = key
            }
        }
        return keys
    }

    /// The public keys of a device, as `DeviceKeys.identity` has them; `nil` when it has published none.
    package func identity(of deviceID: String, _ user: UserNID) async throws -> String? {
        try (try await pool.query(DeviceKeyStatements.identity, user.rawValue, deviceID)).first?.get(0, String.self)
    }

    package func counts(of deviceID: String, _ user: UserNID) async throws -> KeyCountRecord {
        var record = KeyCountRecord()
        for row in try await pool.query(DeviceKeyStatements.counts, user.rawValue, deviceID) {
            let (algorithm, count) = try row.decode((String, Int64?).self)
            if let count {
                record.oneTimeKeys[algorithm] = Int(count)
            } else {
                record.unusedFallbackTypes.append(algorithm)
            }
        }
        record.unusedFallbackTypes.sort()
        return record
    }

    // MARK: Writing

    /// Publishes all of it or, when something is in its way, nothing.
    package func upload(
        _ upload: DeviceKeyUpload, of user: UserRecord, now: Int64
    ) async throws -> DeviceKeyUploadOutcome {
        let rows = try await pool.query(
            DeviceKeyStatements.upload, user.shard, user.nid.rawValue, upload.deviceID, upload.identity,
            upload.deviceKeys?.body, upload.deviceKeys.map { String(decoding: $0.signatures, as: UTF8.self) },
            upload.oneTimeKeys.map(\.algorithm), upload.oneTimeKeys.map(\.keyID), upload.oneTimeKeys.map(\.body),
            upload.fallbackKeys.map(\.algorithm), upload.fallbackKeys.map(\.keyID), upload.fallbackKeys.map(\.body),
            Self.maxOneTimeKeys, Self.maxRememberedKeys, now)
        guard var row = rows.first else { throw StorageError.missing("upload_device_keys") }
        let outcome = try row.next(Int16.self)
        let refused = try row.next(String?.self)
        switch outcome {
        case 0: return try Self.done(&row, user.shard)
        case 1: return .noSuchDevice
        case 2: return .otherIdentity(refused)
        case 3: return .nameIsTaken(refused ?? "")
        case 4: return .tooMany(refused ?? "")
        default: throw StorageError.corrupt("upload_device_keys")
        }
    }

    private static func done(_ row: inout PostgresRow, _ shard: Int16) throws -> DeviceKeyUploadOutcome {
        let algorithms = try row.next([String]?.self) ?? []
        let counts = try row.next([Int64]?.self) ?? []
        let kind = try row.next(Int16?.self).flatMap(LogKind.init)
        let position = try LogPosition(optional: &row, shard: shard)
        return .done(
            counts: Dictionary(zip(algorithms, counts.map { Int($0) }), uniquingKeysWith: { $1 }),
            change: kind.flatMap { kind in position.map { (kind, $0) } })
    }

    /// Gives out one key for each wish, as far as there are keys; none is given out twice, but for fallback keys.
    ///
    /// - Returns: the keys, and where the log tells users that they have fewer.
    /// - Cost: one query for all.
    package func claim(
        _ wishes: [KeyWish], now: Int64
    ) async throws -> (keys: [KeyWish: ClaimedKey], changes: [(user: UserNID, position: LogPosition)]) {
        let rows = try await pool.query(
            DeviceKeyStatements.claim, wishes.map(\.user.nid.rawValue), wishes.map(\.user.shard),
            wishes.map(\.deviceID), wishes.map(\.algorithm), now)
        guard var row = rows.first else { throw StorageError.missing("claim_one_time_keys") }
        let numbers = try row.next([Int64]?.self) ?? []
        let keyIDs = try row.next([String]?.self) ?? []
        let bodies = try row.next([[UInt8]]?.self) ?? []
        let users = try row.next([Int64]?.self) ?? []
        let shards = try row.next([Int16]?.self) ?? []
        let positions = try row.next([Int64]?.self) ?? []
        let previous = try row.next([Int64]?.self) ?? []
        guard numbers.count == keyIDs.count, numbers.count == bodies.count, users.count == shards.count,
            users.count == positions.count, users.count == previous.count
        else { throw StorageError.corrupt("claim_one_time_keys") }
        var keys: [KeyWish: ClaimedKey] = [:]
        for (index, number) in numbers.enumerated() {
            guard wishes.indices.contains(Int(number) - 1) else { throw StorageError.corrupt("claim_one_time_keys") }
            keys[wishes[Int(number) - 1]] = ClaimedKey(keyID: keyIDs[index], body: bodies[index])
        }
        let changes = users.indices.map { index in
            (
                user: UserNID(users[index]),
                position: LogPosition(
                    shard: shards[index], position: positions[index], previous: previous[index])
            )
        }
        return (keys, changes)
    }
}
