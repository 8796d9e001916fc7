import FederationAPI
import MatrixCore
import Storage

/// The keys of one server as they are known here.
struct KnownKeys: Sendable {
    private(set) var records: [SigningKeyID: ServerKeyRecord]

    /// - Parameter records: each id once.
    init(_ records: [ServerKeyRecord] = []) {
        self.records = Dictionary(records.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// A key that counted at a time.
    func key(_ id: SigningKeyID, validAtMilliseconds: Int64) -> Ed25519PublicKey? {
        guard let record = records[id], record.validUntilMilliseconds >= validAtMilliseconds,
            !InsecureKeys.contains(record.key)
        else { return nil }
        return record.key
    }

    func validUntil(_ id: SigningKeyID) -> Int64? { records[id]?.validUntilMilliseconds }

    /// What a published list of keys says at the time at which it was fetched.
    static func records(of published: ServerKeys, fetchedMilliseconds now: Int64) -> [ServerKeyRecord] {
        var records = published.oldVerifyKeys.mapValues { old in
            // It is not in use any more, whatever it says of the time to come.
            (old.key, min(old.expiredMilliseconds, now))
        }
        let validUntil = published.validUntil(fetchedMilliseconds: now)
        // In both lists it is in use.
        for (id, key) in published.verifyKeys { records[id] = (key, validUntil) }
        return records.map { id, value in
            ServerKeyRecord(id: id, key: value.0, validUntilMilliseconds: value.1, fetchedMilliseconds: now)
        }
    }

    /// Takes in what the server itself says: it owns its names, so its newest word stands.
    ///
    /// - Returns: ids that have another key now. A server that lost its key and made a new one under the same id must be
    ///   able to go on; holding to the old bytes would shut it out for ever and protect nobody, since whoever can
    ///   publish in its name could as well use a new id. Synapse does the same.
    mutating func adopt(_ fresh: [ServerKeyRecord]) -> [SigningKeyID] {
        let changed = fresh.filter { new in records[new.id].map { $0.key != new.key } ?? false }
        for record in fresh { records[record.id] = record }
        return changed.map(\.id)
    }

    /// Takes in what a notary says of the server: it may tell what we do not know, and that a key is valid for longer, but
    /// never replace what the server told us.
    ///
    /// - Returns: what was taken in, and ids under which it has other keys than we know.
    mutating func complete(with fresh: [ServerKeyRecord]) -> (taken: [ServerKeyRecord], refused: [SigningKeyID]) {
        var taken: [ServerKeyRecord] = []
        var refused: [SigningKeyID] = []
        for record in fresh {
            if let known = records[record.id] {
                guard known.key == record.key else {
                    refused.append(record.id)
                    continue
                }
                guard known.validUntilMilliseconds < record.validUntilMilliseconds else { continue }
            }
            records[record.id] = record
            taken.append(record)
        }
        return (taken, refused)
    }
}
