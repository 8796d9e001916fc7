package import FederationAPI
package import MatrixCore

/// Checks events as they come from other servers, before anything else looks at them: form, size, content hash, signatures.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
package struct EventVerifier: Sendable {
    /// Keys of one server that are looked up for one event. Honest events have one signature of a server.
    private static let maximumSignatures = 4
    /// Keys that are looked for side by side: of the servers of a large room many are gone, and each of these takes as long
    /// as one waits for it.
    private static let maximumLookUps = 128
    /// Signatures cost 40 us each: large batches are shared out.
    private static let maximumWorkers = 4
    private static let eventsPerWorker = 64

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
        let received = pdus.map { pdu in
            Result { () throws(PDUError) in try Event.receive(pdu, in: version).event }
                .mapError { PDUFailure.malformed($0) }
        }
        let found = await find(received.compactMap { try? $0.get() })
        let size = max(Self.eventsPerWorker, (received.count + Self.maximumWorkers - 1) / Self.maximumWorkers)
        guard received.count > size else { return await check(received[...], with: found) }
        return await withTaskGroup(of: (Int, [Result<Event, PDUFailure>]).self) { group in
            for start in stride(from: 0, to: received.count, by: size) {
                let slice = received[start..<min(start + size, received.count)]
                group.addTask { (start, await check(slice, with: found)) }
            }
            let parts = await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            return parts.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    /// Checks one event.
    package func check(_ pdu: JSONView, in version: RoomVersion) async throws(PDUFailure) -> Event {
        guard let result = await check([pdu], in: version).first else { throw .malformed(.notAnObject) }
        return try result.get()
    }

    private func check(
        _ received: ArraySlice<Result<Event, PDUFailure>>, with found: [KeyName: FoundKey]
    ) async -> [Result<Event, PDUFailure>] {
        var results: [Result<Event, PDUFailure>] = []
        results.reserveCapacity(received.count)
        for case let result in received {
            guard case .success(let event) = result else {
                results.append(result)
                continue
            }
            if let failure = await failure(of: event, with: found) {
                results.append(.failure(failure))
            } else {
                results.append(.success(event))
            }
        }
        return results
    }

    /// What is wrong with the signatures of an event.
    private func failure(of event: Event, with found: [KeyName: FoundKey]) async -> PDUFailure? {
        for server in event.requiredSigners {
            let ids = Self.keyIDs(of: server, on: event)
            guard !ids.isEmpty else { return .unsigned(by: server) }
            var known: [SigningKeyID: Ed25519PublicKey] = [:]
            for id in ids { known[id] = await key(KeyName(server: server, id: id), for: event, with: found) }
            guard !known.isEmpty else { return .keysUnknown(of: server) }
            guard event.isSigned(by: server, keys: known) else { return .badSignature(of: server) }
        }
        return nil
    }

    // MARK: Keys

    private struct KeyName: Hashable {
        let server: ServerName
        let id: SigningKeyID
    }

    private struct FoundKey {
        var validAt: Int64
        var key: Ed25519PublicKey?
    }

    private static func keyIDs(of server: ServerName, on event: Event) -> [SigningKeyID] {
        Array(event.signatureKeyIDs(of: server).prefix(maximumSignatures))
    }

    /// When a key must have been valid for an event.
    private static func time(of event: Event) -> Int64 {
        event.version.enforcesKeyValidity ? event.originServerTS : .min
    }

    /// Looks for all keys that the events need, each as it was at the latest time at which it is needed.
    private func find(_ events: [Event]) async -> [KeyName: FoundKey] {
        var wanted: [KeyName: Int64] = [:]
        for event in events {
            let time = Self.time(of: event)
            for server in event.requiredSigners {
                for id in Self.keyIDs(of: server, on: event) {
                    wanted[KeyName(server: server, id: id), default: time].formMax(time)
                }
            }
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

    /// A key that was valid later was valid earlier; one that was not may have been.
    private func key(
        _ name: KeyName, for event: Event, with found: [KeyName: FoundKey]
    ) async -> Ed25519PublicKey? {
        let time = Self.time(of: event)
        guard let known = found[name] else { return nil }
        if known.key != nil || known.validAt == time { return known.key }
        return await look(for: name, at: time)
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
