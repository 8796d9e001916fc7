package import FederationAPI
package import MatrixCore

/// Checks events as they come from other servers, before anything else looks at them: form, size, content hash, signatures.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
package struct EventVerifier: Sendable {
    /// Keys that are looked for side by side: of the servers of a large room many are gone, and each of these takes as long
    /// as one waits for it.
    private static let maximumLookUps = 128

    private let serverName: ServerName
    private let ownKeys: OwnKeys
    private let keys: any RemoteKeys

    package init(serverName: ServerName, ownKeys: OwnKeys, keys: any RemoteKeys) {
        self.serverName = serverName
        self.ownKeys = ownKeys
        self.keys = keys
    }

    /// Checks events of a room, each by itself.
    ///
    /// - Returns: what became of each, in the order of `pdus`. An event whose content is not what its hash is over comes
    ///   back redacted.
    package func check(_ pdus: [JSONView], in version: RoomVersion) async -> [Result<Event, PDUFailure>] {
        await verify(await receive(pdus, in: version))
    }

    /// The first of two steps: form, size and content hash. Of what is large this is done while it arrives, and the keys
    /// are looked for when it is known whose are needed.
    package func receive(_ pdus: [JSONView], in version: RoomVersion) async -> [Result<Event, PDUFailure>] {
        await SharedWork.map(pdus) { pdu in
            Result { () throws(PDUError) in try Event.receive(pdu, in: version).event }
                .mapError { PDUFailure.malformed($0) }
        }
    }

    /// The second step: signatures.
    package func verify(_ received: [Result<Event, PDUFailure>]) async -> [Result<Event, PDUFailure>] {
        let found = await find(received.compactMap { try? $0.get() })
        return await SharedWork.map(received) { result in
            guard case .success(let event) = result else { return result }
            let keys = await keys(for: event, with: found)
            return SignatureCheck.failure(of: event, keys: keys).map { .failure($0) } ?? result
        }
    }

    /// Checks one event.
    package func check(_ pdu: JSONView, in version: RoomVersion) async throws(PDUFailure) -> Event {
        guard let result = await check([pdu], in: version).first else { throw .malformed(.notAnObject) }
        return try result.get()
    }

    // MARK: Keys

    private typealias KeyName = SignatureCheck.KeyName

    private struct FoundKey {
        var validAt: Int64
        var key: Ed25519PublicKey?
    }

    /// Looks for all keys that the events need, each as it was at the latest time at which it is needed.
    private func find(_ events: [Event]) async -> [KeyName: FoundKey] {
        var wanted: [KeyName: Int64] = [:]
        for event in events {
            let time = SignatureCheck.time(of: event)
            for name in SignatureCheck.keys(neededFor: event) { wanted[name, default: time].formMax(time) }
        }
        var waiting = wanted.makeIterator()
        return await withTaskGroup(of: (KeyName, FoundKey).self) { group in
            func next() {
                guard let (name, time) = waiting.next() else { return }
                group.addTask { (name, FoundKey(validAt: time, key: await look(for: name, at: time))) }
            }
            for _ in 0..<Self.maximumLookUps { next() }
            var found: [KeyName: FoundKey] = [:]
            while let (name, key) = await group.next() {
                found[name] = key
                next()
            }
            return found
        }
    }

    /// The keys that were valid when the event says it was made. A key that was valid later was valid earlier; one that was
    /// not may have been.
    private func keys(for event: Event, with found: [KeyName: FoundKey]) async -> [KeyName: Ed25519PublicKey] {
        let time = SignatureCheck.time(of: event)
        var keys: [KeyName: Ed25519PublicKey] = [:]
        for name in SignatureCheck.keys(neededFor: event) {
            guard let known = found[name] else { continue }
            let isSettled = known.key != nil || known.validAt == time
            keys[name] = isSettled ? known.key : await look(for: name, at: time)
        }
        return keys
    }

    private func look(for name: KeyName, at time: Int64) async -> Ed25519PublicKey? {
        if name.server == serverName { return ownKeys.key(name.id, validAtMilliseconds: time) }
        // What cannot be found out now is not known; the reason is in the log of whoever looked.
        return try? await keys.key(name.id, of: name.server, validAtMilliseconds: time)
    }
}

extension Int64 {
    fileprivate mutating func formMax(_ other: Int64) { self = Swift.max(self, other) }
}
