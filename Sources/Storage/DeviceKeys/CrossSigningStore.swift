package import MatrixCore
package import Postgres

/// Cross-signing keys to be set, checked.
package struct CrossSigningUpload: Sendable {
    package struct Key: Sendable {
        package let usage: CrossSigningKey.Usage
        package let publicKey: String
        package let body: [UInt8]
        /// Of the user's own keys, as JSON, by the key's id.
        package let signatures: [UInt8]

        package init(usage: CrossSigningKey.Usage, publicKey: String, body: [UInt8], signatures: [UInt8]) {
            self.usage = usage
            self.publicKey = publicKey
            self.body = body
            self.signatures = signatures
        }
    }

    package let keys: [Key]
    /// The public master key by which the others were checked.
    package let masterKey: String

    package init(keys: [Key], masterKey: String) {
        self.keys = keys
        self.masterKey = masterKey
    }
}

/// What became of it.
package enum CrossSigningOutcome: Sendable {
    /// No position when nothing is new. `isPrivate`: nobody but the user has to know.
    case done(position: LogPosition?, isPrivate: Bool)
    /// There are other keys already.
    case needsAuthentication
    /// The master key is another one than that by which keys were checked.
    case otherMasterKey
    /// A device of the user is called like one of the keys.
    case nameIsTaken
}

/// Signatures that were checked over what is stored.
package struct NewKeySignatures: Sendable {
    /// Over a device or the master key of the user.
    package struct Own: Sendable {
        /// A device's id, or the public master key.
        package let name: String
        package let body: [UInt8]
        /// As JSON, by the key's id.
        package let signatures: [UInt8]

        package init(name: String, body: [UInt8], signatures: [UInt8]) {
            self.name = name
            self.body = body
            self.signatures = signatures
        }
    }

    /// Over the master key of somebody else.
    package struct Other: Sendable {
        package let target: UserNID
        package let masterKey: String
        package let signature: String

        package init(target: UserNID, masterKey: String, signature: String) {
            self.target = target
            self.masterKey = masterKey
            self.signature = signature
        }
    }

    package var own: [Own] = []
    package var others: [Other] = []
    /// The user-signing key's id, of what was said of others.
    package var signerKeyID: String?

    package init() {}
}

/// Where the log tells of new signatures.
package struct KeySignatureChange: Sendable {
    /// Of the user's own keys, which all see who see these.
    package let list: LogPosition?
    /// Of others' keys, which only the user sees.
    package let signed: (users: [UserNID], position: LogPosition)?
}

/// Cross-signing keys of local users, and signatures that came after keys.
package struct CrossSigningStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Sets all of the keys, or none.
    ///
    /// - Parameter isAuthorised: keys that are there may be replaced.
    package func set(
        _ upload: CrossSigningUpload, of user: UserRecord, isAuthorised: Bool, now: Int64
    ) async throws -> CrossSigningOutcome {
        let rows = try await pool.query(
            DeviceKeyStatements.setCrossSigning, user.shard, user.nid.rawValue, isAuthorised, upload.masterKey,
            upload.keys.map(\.usage.rawValue), upload.keys.map(\.publicKey), upload.keys.map(\.body),
            upload.keys.map { String(decoding: $0.signatures, as: UTF8.self) }, now)
        guard var row = rows.first else { throw StorageError.missing("set_cross_signing_keys") }
        let outcome = try row.next(Int16.self)
        let isPrivate = try row.next(Bool?.self) ?? false
        switch outcome {
        case 0: return .done(position: try LogPosition(optional: &row, shard: user.shard), isPrivate: isPrivate)
        case 1: return .needsAuthentication
        case 2: return .otherMasterKey
        case 3: return .nameIsTaken
        default: throw StorageError.corrupt("set_cross_signing_keys")
        }
    }

    /// Adds signatures; over what has changed since they were checked, none.
    package func add(
        _ signatures: NewKeySignatures, of user: UserRecord, now: Int64
    ) async throws -> KeySignatureChange {
        let (own, others) = (signatures.own, signatures.others)
        let rows = try await pool.query(
            DeviceKeyStatements.addSignatures, user.shard, user.nid.rawValue, own.map(\.name), own.map(\.body),
            own.map { String(decoding: $0.signatures, as: UTF8.self) }, others.map(\.target.rawValue),
            others.map(\.masterKey), signatures.signerKeyID ?? "", others.map(\.signature), now)
        guard var row = rows.first else { throw StorageError.missing("add_key_signatures") }
        let list = try LogPosition(optional: &row, shard: user.shard)
        let users = try row.next([Int64]?.self)
        let position = try LogPosition(optional: &row, shard: user.shard)
        return KeySignatureChange(
            list: list,
            signed: users.flatMap { users in position.map { (users.map { UserNID($0) }, $0) } })
    }
}
