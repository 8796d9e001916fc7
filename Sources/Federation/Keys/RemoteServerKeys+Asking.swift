import FederationAPI
import MatrixCore
import Storage
import Telemetry

/// Asking a server, and then those who may know it.
extension RemoteServerKeys {
    /// For everything that one server is asked, finding it included.
    private static let directLimit = Duration.seconds(20)
    private static let notaryLimit = Duration.seconds(10)
    /// A server that nobody knows must not make us ask everybody.
    private static let maximumNotaries = 3

    /// Looks for the keys of a server outside, adds what it finds to `keys`, and stores it.
    func ask(_ server: ServerName, _ wish: KeyWish, _ keys: inout KnownKeys) async -> KeyPace.Answer {
        var answer = KeyPace.Answer.none
        do {
            let published = try await telemetry.clock.withDeadline(Self.directLimit) { [client] in
                try await client.serverKeys(of: server)
            }
            let now = telemetry.clock.nowMilliseconds
            let fresh = KnownKeys.records(of: published, fetchedMilliseconds: now)
            for id in keys.adopt(fresh) {
                telemetry.log.warning(
                    "a server has another key under the same name", [.origin: "\(server)", .key: "\(id)"])
            }
            await keep(fresh, published, of: server, now: now)
            answer = wish.id == nil || wish.isMet(by: keys) ? .useful : .useless
        } catch {
            telemetry.log.debug("a server does not tell its keys", [.origin: "\(server)", .cause: "\(error)"])
        }
        // The keys of notaries come from themselves only, and as a notary we ask no other: looks never wait for each
        // other in a circle, neither here nor between two servers that trust each other.
        guard answer != .useful, wish.id != nil, !notaries.contains(server) else { return answer }
        for notary in notaries.prefix(Self.maximumNotaries) where !Task.isCancelled {
            await ask(notary, about: server, wish, &keys)
            if wish.isMet(by: keys) { return .useful }
        }
        return answer
    }

    /// Asks a notary. What it says counts when it and the server itself have signed it.
    private func ask(_ notary: ServerName, about server: ServerName, _ wish: KeyWish, _ keys: inout KnownKeys) async {
        do {
            let answer = try await telemetry.clock.withDeadline(Self.notaryLimit) { [client] in
                try await client.serverKeys(
                    of: server, keyIDs: wish.id.map { [$0] } ?? [],
                    minimumValidUntilMilliseconds: max(wish.validAtMilliseconds, 0), fromNotary: notary)
            }
            for view in answer.serverKeys.prefix(ServerKeys.maximumKeys) {
                guard view.rawBytes.count <= ServerKeys.maximumBytes,
                    view["server_name"]?.stringEquals(server.description) == true,
                    let published = try? ServerKeys(view, of: server), try await isSigned(view, by: notary)
                else {
                    telemetry.log.warning(
                        "a notary answers with keys that do not count",
                        [.destination: "\(notary)", .origin: "\(server)"])
                    continue
                }
                let now = telemetry.clock.nowMilliseconds
                let (taken, refused) = keys.complete(with: KnownKeys.records(of: published, fetchedMilliseconds: now))
                for id in refused {
                    telemetry.log.warning(
                        "a notary has another key of a server than we know",
                        [.destination: "\(notary)", .origin: "\(server)", .key: "\(id)"])
                }
                if refused.isEmpty { await keep(taken, published, of: server, now: now) }
            }
        } catch {
            telemetry.log.debug("a notary does not answer", [.destination: "\(notary)", .cause: "\(error)"])
        }
    }

    private func isSigned(_ object: JSONView, by notary: ServerName) async throws -> Bool {
        let now = telemetry.clock.nowMilliseconds
        for id in JSONSigning.keyIDs(object, entity: notary.description).prefix(ServerKeys.maximumKeys) {
            guard let key = try await key(id, of: notary, validAtMilliseconds: now) else { continue }
            return JSONSigning.verify(object, serverName: notary, keyID: id, publicKey: key)
        }
        return false
    }

    /// Stores what was learnt. If that fails it is learnt again some day.
    private func keep(_ records: [ServerKeyRecord], _ published: ServerKeys, of server: ServerName, now: Int64) async {
        do {
            let document = ServerKeyDocument(
                json: try CanonicalJSON.encode(published.object, strict: false),
                validUntilMilliseconds: published.validUntil(fetchedMilliseconds: now), fetchedMilliseconds: now)
            try await store.keep(records, document: document, of: server)
        } catch {
            telemetry.log.warning("cannot keep the keys of a server", [.origin: "\(server)", .cause: "\(error)"])
        }
    }
}
