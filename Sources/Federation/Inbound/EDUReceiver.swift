import DeviceMessages
import Encryption
import Ephemeral
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// The messages of a transaction that are no events. What a server says of users of others is not believed, and what is malformed is
/// passed over. Most may be lost; those that may not are kept first, or the transaction is not acknowledged.
struct EDUReceiver: Sendable {
    /// Receipts of one transaction that are looked at: each costs some queries.
    private static let maxReceipts = 500
    /// People of one transaction whose presence is taken in.
    private static let maxPresence = 500

    private let services: InboundServices

    init(_ services: InboundServices) { self.services = services }

    private var reader: RoomReader { services.rooms.reader }

    /// Stores what must not be lost.
    ///
    /// - Throws: when something could not be stored now.
    func keep(_ edus: [EDU], from origin: ServerName) async throws {
        try await keepDeviceLists(edus, from: origin)
        guard let toDevice = services.toDevice else { return }
        let wanted = edus.filter { $0.type == "m.direct_to_device" }
        guard !wanted.isEmpty else { return }
        let messages = wanted.compactMap {
            RemoteToDeviceMessages($0.content, from: origin, to: toDevice.serverName)
        }
        services.metrics.count(.toDevice, messages.count)
        services.metrics.count(.ignored, wanted.count - messages.count)
        if !messages.isEmpty { try await toDevice.receive(messages, from: origin) }
    }

    private func keepDeviceLists(_ edus: [EDU], from origin: ServerName) async throws {
        guard let lists = services.deviceLists else { return }
        var news = RemoteDeviceLists.News(from: origin)
        for edu in edus {
            guard let isGood = news.add(edu.type, edu.content) else { continue }
            services.metrics.count(isGood ? .deviceList : .ignored)
        }
        if !news.isEmpty { try await lists.receive(news) }
    }

    func receive(_ edus: [EDU], from origin: ServerName) async {
        var rooms = RoomsAtHand(origin: origin, services: services)
        var receiptsLeft = Self.maxReceipts
        var presenceLeft = Self.maxPresence
        for edu in edus where !Task.isCancelled {
            do {
                switch edu.type {
                case "m.typing": try await receive(TypingEDU(edu.content), &rooms)
                case "m.receipt":
                    let receipts = ReceiptEDU(edu.content, atMost: receiptsLeft).receipts
                    receiptsLeft -= receipts.count
                    for receipt in receipts { try await receive(receipt, &rooms) }
                    if receipts.isEmpty { services.metrics.count(.ignored) }
                case "m.presence":
                    guard let presence = services.presence else { break }
                    let statuses = PresenceEDU(edu.content, atMost: presenceLeft).statuses
                    presenceLeft -= statuses.count
                    try await receive(statuses, from: origin, presence)
                // Kept before.
                case "m.direct_to_device", "m.device_list_update", "m.signing_key_update",
                    "org.matrix.signing_key_update":
                    break
                default: services.metrics.count(.other)
                }
            } catch {
                services.log.warning(
                    "an ephemeral message was lost", [.origin: "\(origin)", .cause: "\(error)"])
            }
        }
    }

    private func receive(_ typing: TypingEDU?, _ rooms: inout RoomsAtHand) async throws {
        guard let typing, let room = try await rooms.room(typing.roomID, of: typing.userID) else {
            return services.metrics.count(.ignored)
        }
        services.metrics.count(.typing)
        await services.typing.set(typing.userID, in: room.nid, for: typing.isTyping ? Typing.remoteTimeout : nil)
    }

    /// Who shares no room with anybody here has no number, or is shown to nobody.
    private func receive(_ statuses: [PresenceStatus], from origin: ServerName, _ presence: Presence) async throws {
        var known: [(user: UserNID, status: PresenceStatus)] = []
        for status in statuses {
            guard status.userID.serverName == origin,
                let user = try await reader.interning.knownUser(status.userID)
            else {
                services.metrics.count(.ignored)
                continue
            }
            services.metrics.count(.presence)
            known.append((user.nid, status))
        }
        await presence.note(known)
    }

    private func receive(_ receipt: PublicReceipt, _ rooms: inout RoomsAtHand) async throws {
        guard try await rooms.room(receipt.roomID, of: receipt.userID) != nil else {
            return services.metrics.count(.ignored)
        }
        services.metrics.count(.receipt)
        try await services.receipts.receive(receipt)
    }
}

/// Who may say something in which room, looked up once a transaction.
private struct RoomsAtHand {
    let origin: ServerName
    let services: InboundServices
    private var known: [RoomID: RoomRecord?] = [:]

    init(origin: ServerName, services: InboundServices) {
        self.origin = origin
        self.services = services
    }

    /// The room, if the server speaks for the user and the user is in it.
    mutating func room(_ roomID: RoomID, of userID: UserID) async throws -> RoomRecord? {
        let reader = services.rooms.reader
        // Nobody gets a number because a server says so.
        guard userID.serverName == origin, let room = try await room(roomID),
            let user = try await reader.interning.knownUser(userID),
            let (record, _) = try await reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership == .join
        else { return nil }
        return room
    }

    /// The room, if somebody of us is in it and its access list lets the server in.
    private mutating func room(_ roomID: RoomID) async throws -> RoomRecord? {
        if let found = known[roomID] { return found }
        let found = try await find(roomID)
        known[roomID] = .some(found)
        return found
    }

    private func find(_ roomID: RoomID) async throws -> RoomRecord? {
        let reader = services.rooms.reader
        guard let room = try await reader.room(roomID),
            try await reader.memberships.isJoined(services.rooms.server.name, in: room.nid),
            let now = try await reader.current(room), try await now.allows(server: origin)
        else { return nil }
        return room
    }
}
