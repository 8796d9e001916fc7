import MatrixCore

/// What a server answers to a join into a large room, and how that is taken in.
package struct JoinAnswer: Sendable {
    private static let eventsAtOnce = 512

    package let bytes: [UInt8]
    package let eventCount: Int
    /// What the signature of one of the events is over.
    package let message: [UInt8]
    private let signature: [UInt8]
    private let publicKey: Ed25519PublicKey
    private let keys: [SignatureCheck.KeyName: Ed25519PublicKey]

    package init(eventCount: Int) async throws {
        let maker = try EventMaker(version: .v11)
        let entries: [[UInt8]] = try await SharedWork.map(Array(0..<eventCount)) { index in
            Result {
                try maker.make(
                    EventType.member, stateKey: "@user\(index):\(EventMaker.server)",
                    by: "@user\(index):\(EventMaker.server)",
                    ["membership": "join", "displayname": "User \(index)"], auth: [maker.create])
            }
        }.map { try $0.get().bytes }
        var writer = JSONWriter(reservingCapacity: entries.count * 700)
        writer.object {
            $0.array(key: "auth_chain") { writer in for entry in entries.prefix(100) { writer.raw(entry) } }
            $0.array(key: "state") { writer in for entry in entries { writer.raw(entry) } }
        }
        bytes = writer.bytes
        self.eventCount = eventCount + min(eventCount, 100)
        message = maker.create.signedBytes
        publicKey = maker.key.publicKey
        signature = maker.key.privateKey.sign(message)
        keys = [SignatureCheck.KeyName(server: maker.serverName, id: maker.key.id): maker.key.publicKey]
    }

    /// Takes the answer in piece by piece and checks each event: its form, its hash, its signature.
    ///
    /// - Parameter arrived: called with each piece that was taken in.
    /// - Returns: how many events are in order.
    package func check(pieceBytes: Int = 65_536, arrived: () -> Void = {}) async throws -> Int {
        var stream = JSONElementStream(
            elementsOf: ["state", "auth_chain"], maximumElementBytes: 1 << 20, maximumRestBytes: 1 << 20)
        var waiting: [[UInt8]] = []
        var events: [Event] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = Array(bytes[start..<min(start + pieceBytes, bytes.count)])
            waiting += try stream.read(piece.span).map(\.bytes)
            if waiting.count >= Self.eventsAtOnce {
                events += await Self.receive(waiting)
                waiting = []
                arrived()
            }
        }
        events += await Self.receive(waiting)
        _ = try stream.finish()
        let keys = keys
        let isGood = await SharedWork.map(events) { SignatureCheck.failure(of: $0, keys: keys) == nil }
        arrived()
        return isGood.count { $0 }
    }

    /// As many checks of signatures as there are events, and nothing else: what no way of taking in the answer can go below.
    package func checkSignaturesOnly() async -> Int {
        let (key, signature, message) = (publicKey, signature, message)
        return await SharedWork.map(Array(0..<eventCount)) { _ in key.isValid(signature: signature, for: message) }
            .count { $0 }
    }

    private static func receive(_ entries: [[UInt8]]) async -> [Event] {
        await SharedWork.map(entries) { entry in
            guard let pdu = try? JSONDocument(parsing: entry) else { return nil }
            return try? Event.receive(pdu.root, in: .v11).event
        }.compactMap { $0 }
    }
}
