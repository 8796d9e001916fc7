package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Users say which keys they have verified. Each signature is checked before it is stored, and one that is no good does not
/// keep others out.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload
package struct SignatureUploads: Sendable {
    /// Objects in one request. A user has a thousand devices at most.
    package static let maximumObjects = 1500

    /// What did not work, by user and by the key's name.
    package typealias Failures = [UserID: [String: MatrixError]]

    private let store: CrossSigningStore
    private let queries: KeyQueries
    private let feed: LogFeed
    private let clock: any Clock

    package init(store: CrossSigningStore, queries: KeyQueries, feed: LogFeed, clock: any Clock) {
        self.store = store
        self.queries = queries
        self.feed = feed
        self.clock = clock
    }

    /// - Parameter objects: keys with signatures, by user and by the key's name: a device's id, or a public key.
    /// - Returns: what was refused, and why: `M_INVALID_SIGNATURE`, `M_NOT_FOUND`, `M_BAD_JSON`.
    /// - Throws: `M_INVALID_PARAM` for too many at once.
    /// - Cost: at most four queries, and a request for each server of users who are not followed.
    package func upload(_ objects: [UserID: [String: JSONView]], by userNID: UserNID) async throws -> Failures {
        guard objects.values.reduce(0, { $0 + $1.count }) <= Self.maximumObjects else {
            throw MatrixError.invalidParam("Too many signatures at once")
        }
        let user = try await queries.interning.user(userNID)
        let others = objects.filter { $0.key != user.userID }
        var check = SignatureCheck(
            user: user.userID, published: try await queries.store.published(.own(of: user.nid)), nid: user.nid)
        check.addOwn(objects[user.userID] ?? [:])
        if !others.isEmpty { try await addOthers(others, by: user, to: &check) }
        guard !check.signatures.own.isEmpty || !check.signatures.others.isEmpty else { return check.failures }
        let change = try await store.add(check.signatures, of: user, now: clock.nowMilliseconds)
        if let list = change.list { feed.announce(.deviceLists, at: list, user: user.nid) }
        if let (users, position) = change.signed {
            let row = LogRow(
                shard: position.shard, position: position.position, kind: .deviceLists, userNID: user.nid,
                memberNIDs: users)
            feed.announce(row, previous: position.previous)
        }
        return check.failures
    }

    private func addOthers(
        _ objects: [UserID: [String: JSONView]], by user: UserRecord, to check: inout SignatureCheck
    ) async throws {
        guard check.hasUserSigningKey else {
            for (target, keys) in objects { check.refuse(Array(keys.keys), of: target, SignatureCheck.noKey) }
            return
        }
        let answer = try await queries.answer(try KeyQuery(users: objects.mapValues { _ in [] }), for: user)
        // Numbers are for those alone who have keys.
        let known = answer.keys.filter { $0.value.master != nil }
        let records = try await queries.interning.users(Array(known.keys))
        for (target, keys) in objects {
            guard let master = known[target]?.master, let record = records[target] else {
                check.refuse(Array(keys.keys), of: target, SignatureCheck.unknownKey)
                continue
            }
            check.addOther(keys, of: record, master)
        }
    }
}
