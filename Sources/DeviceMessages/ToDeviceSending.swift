package import Cluster
import Logging
package import MatrixCore
package import Storage
package import Telemetry

/// Puts messages into the inboxes of devices, and sends them on to other servers: once for each transaction, all or none.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging
package struct ToDeviceSending: Sendable {
    /// For how long a transaction of a device is known, so that a client may try again.
    private static let transactionLifetime: Int64 = 24 * 3_600_000
    /// The same for messages of other servers, which try again after longer pauses.
    private static let messageLifetime: Int64 = 3 * 24 * 3_600_000
    /// Bytes of other servers' messages that are stored in one statement.
    private static let maxBatchBytes = 4 << 20
    private static let messageIDBytes = 18

    package let serverName: ServerName
    private let store: DeviceMessageStore
    private let interning: Interning
    private let feed: LogFeed
    private let isFederating: Bool
    private let telemetry: Telemetry

    /// - Parameter isFederating: otherwise what is for other servers' users is dropped, since nobody would send it.
    package init(
        serverName: ServerName, store: DeviceMessageStore, interning: Interning, feed: LogFeed, isFederating: Bool,
        telemetry: Telemetry
    ) {
        self.serverName = serverName
        self.store = store
        self.interning = interning
        self.feed = feed
        self.isFederating = isFederating
        self.telemetry = telemetry.labelled("to-device")
    }

    private var now: Int64 { telemetry.clock.nowMilliseconds }

    // MARK: Of local users

    /// Sends messages of a device. What was sent before under the transaction id, on whichever worker, is not sent again; users and
    /// devices that are not there get nothing.
    ///
    /// - Throws: 413 `M_TOO_LARGE` for a type or a message that is too long, and when `*` stands for very many devices.
    /// - Cost: one statement.
    package func send(
        _ messages: ToDeviceMessages, ofType type: String, by user: UserNID, device: String?, transactionID: String
    ) async throws {
        guard type.utf8.count <= EventLimits.keyBytes else { throw MatrixError(.tooLarge, "The type is too long") }
        let sender = try await interning.user(user)
        let event = ToDeviceEvent(sender: sender.userID, type: type)
        var batch = DeviceMessageBatch(senderShard: sender.shard)
        _ = batch.begin(Self.digest("client", "\(sender.nid.rawValue)", device ?? "", type, transactionID))
        let local = messages.messages.filter { $0.user.serverName == serverName }
        let users = try await interning.knownUsers(Array(Set(local.map(\.user))))
        for message in local {
            guard let user = users[message.user] else { continue }
            let body = event.body(message.content)
            guard body.count <= EventLimits.eventBytes else { throw MatrixError(.tooLarge, "The message is too large") }
            batch.add(body, for: user, device: message.deviceID)
        }
        if isFederating {
            let remote = messages.messages.filter { $0.user.serverName != serverName }
            for (server, messages) in Dictionary(grouping: remote, by: \.user.serverName) {
                for edu in event.edus(messages, messageID: newMessageID) { batch.add(edu, for: server) }
            }
        }
        guard try await write(batch, knownFor: Self.transactionLifetime) else {
            throw MatrixError(.tooLarge, "There are too many devices")
        }
    }

    private func newMessageID() -> String {
        Base64.encodeURLSafe(telemetry.random.bytes(Self.messageIDBytes))
    }

    // MARK: Of other servers' users

    /// Stores messages of another server; what it sent before is not stored again. Returns when all are stored that can be: one that
    /// cannot be does not hold up the others.
    ///
    /// - Throws: when some could not be stored now. Sending the same again is right then.
    /// - Cost: one statement for a few megabytes.
    package func receive(_ messages: [RemoteToDeviceMessages], from origin: ServerName) async throws {
        let users = try await interning.knownUsers(Array(Set(messages.flatMap { $0.content.messages.map(\.user) })))
        var batch: [RemoteToDeviceMessages] = []
        var bytes = 0
        for message in messages {
            let size = message.content.messages.reduce(0) { $0 + $1.content.count }
            if !batch.isEmpty, bytes + size > Self.maxBatchBytes {
                try await store(batch, users, from: origin)
                (batch, bytes) = ([], 0)
            }
            batch.append(message)
            bytes += size
        }
        if !batch.isEmpty { try await store(batch, users, from: origin) }
    }

    private func store(
        _ messages: [RemoteToDeviceMessages], _ users: [UserID: UserRecord], from origin: ServerName
    ) async throws {
        do {
            if try await write(batch(messages, users, from: origin), knownFor: Self.messageLifetime) { return }
        } catch {
            guard case .final = WriteFailure(error), messages.count > 1 else { throw error }
        }
        guard messages.count > 1 else {
            telemetry.log.warning("a message is for too many devices and was dropped", [.origin: "\(origin)"])
            return
        }
        // One of them cannot be stored with the others: then each by itself.
        for message in messages { try await store([message], users, from: origin) }
    }

    private func batch(
        _ messages: [RemoteToDeviceMessages], _ users: [UserID: UserRecord], from origin: ServerName
    ) -> DeviceMessageBatch {
        var batch = DeviceMessageBatch()
        for message in messages {
            guard batch.begin(Self.digest("server", origin.description, message.messageID)) else { continue }
            let event = ToDeviceEvent(sender: message.sender, type: message.type)
            for part in message.content.messages {
                guard let user = users[part.user] else { continue }
                let body = event.body(part.content)
                if body.count <= EventLimits.eventBytes { batch.add(body, for: user, device: part.deviceID) }
            }
        }
        return batch
    }

    // MARK: Writing

    /// - Returns: false when there is too much: then nothing was stored.
    private func write(_ batch: DeviceMessageBatch, knownFor lifetime: Int64) async throws -> Bool {
        guard !batch.entries.isEmpty || !batch.outgoing.isEmpty else { return true }
        let now = now
        guard case .stored(let rows) = try await store.send(batch, expiresAt: now + lifetime, now: now) else {
            return false
        }
        feed.announce(
            rows.sorted { $0.position.position < $1.position.position }.map { row in
                (kind: row.userNID == nil ? .outgoingEDUs : .toDevice, position: row.position, user: row.userNID)
            })
        return true
    }

    /// What a source is known by. Each part stands with its length, so that no two sources are written alike.
    private static func digest(_ parts: String...) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            bytes.append(contentsOf: "\(part.utf8.count):".utf8)
            bytes.append(contentsOf: part.utf8)
        }
        return BLAKE2b.hash128(bytes)
    }
}
