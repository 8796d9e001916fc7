package import Cluster
package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// Up to where users have read.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#receipts
package struct Receipts: Sendable {
    private let rooms: RoomService
    private let store: ReceiptStore
    private let feed: LogFeed
    private let clock: any Clock

    package init(rooms: RoomService, store: ReceiptStore, feed: LogFeed, clock: any Clock) {
        self.rooms = rooms
        self.store = store
        self.feed = feed
        self.clock = clock
    }

    /// What a client says at once about how far its user has read.
    package struct Update: Sendable {
        package var read: EventID?
        package var readPrivate: EventID?
        package var fullyRead: EventID?
        package var thread: ReceiptThread

        package init(
            read: EventID? = nil, readPrivate: EventID? = nil, fullyRead: EventID? = nil,
            thread: ReceiptThread = .unthreaded
        ) {
            self.read = read
            self.readPrivate = readPrivate
            self.fullyRead = fullyRead
            self.thread = thread
        }
    }

    /// What a receipt is given for, as clients name it.
    package enum Marker: String, Sendable {
        case read = "m.read"
        case readPrivate = "m.read.private"
        case fullyRead = "m.fully_read"
    }

    // MARK: Local users

    /// Moves a local user's receipts and read marker forward; what would go back is left as it is.
    ///
    /// - Returns: the public receipt, if it moved: other servers want to know.
    /// - Throws: 403 `M_FORBIDDEN` for who is not in the room, 400 `M_INVALID_PARAM` when the event is not in the thread,
    ///   404 `M_NOT_FOUND` for an event that the room does not have.
    @discardableResult
    package func update(_ update: Update, by user: UserRecord, in roomID: RoomID) async throws -> PublicReceipt? {
        let room = try await rooms.joinedRoom(roomID, as: user)
        var receipts: [NewReceipt] = []
        for (kind, eventID) in [(ReceiptKind.read, update.read), (.readPrivate, update.readPrivate)] {
            guard let eventID else { continue }
            let event = try await event(eventID, in: room)
            try await check(event, isIn: update.thread, of: room)
            receipts.append(
                NewReceipt(kind: kind, thread: update.thread, eventID: eventID, place: TimelinePlace(event.stored)))
        }
        var marker: (eventID: EventID, place: TimelinePlace)?
        if let eventID = update.fullyRead {
            marker = (eventID, TimelinePlace(try await event(eventID, in: room).stored))
        }
        guard !receipts.isEmpty || marker != nil else { return nil }
        let now = clock.nowMilliseconds
        let move = try await store.move(receipts, marker: marker, of: user, in: room, sentAt: now, now: now)
        announce(move, user, room)
        guard move.isPublic, let read = update.read else { return nil }
        return PublicReceipt(
            roomID: roomID, userID: user.userID, eventID: read, thread: update.thread, sentAt: now)
    }

    /// The same by the user's number.
    @discardableResult
    package func update(_ update: Update, by user: UserNID, in roomID: RoomID) async throws -> PublicReceipt? {
        try await self.update(update, by: try await rooms.user(user), in: roomID)
    }

    private func event(_ eventID: EventID, in room: RoomRecord) async throws -> RoomEvent {
        guard let event = try await rooms.reader.events.event(eventID, in: room) else { throw MatrixError.unknownEvent }
        return event
    }

    private func check(_ event: RoomEvent, isIn thread: ReceiptThread, of room: RoomRecord) async throws {
        guard thread != .unthreaded else { return }
        let root = try await ThreadMembership.root(of: event.event) {
            try await rooms.reader.events.event($0, in: room)?.event
        }
        let isIn =
            switch thread {
            case .unthreaded: true
            case .main: root == nil
            // A receipt for the root itself belongs to the main timeline, but clients give one when a thread is new.
            case .thread(let wanted): root == wanted || event.eventID == wanted
            }
        guard isIn else { throw MatrixError.invalidParam("the event is not in the thread") }
    }

    // MARK: Users of other servers

    /// Takes in receipts of a remote user, which its server says. The event may be one that we do not have yet.
    ///
    /// Whether that server speaks for the user and is in the room is the caller's business.
    package func receive(_ receipt: PublicReceipt) async throws {
        guard let room = try await rooms.reader.room(receipt.roomID) else { return }
        let user = try await rooms.reader.interning.user(receipt.userID)
        guard let (record, _) = try await rooms.reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership == .join
        else { return }
        let event = try await rooms.reader.events.event(receipt.eventID, in: room)
        let new = NewReceipt(
            kind: .read, thread: receipt.thread, eventID: receipt.eventID,
            place: event.map { TimelinePlace($0.stored) })
        let now = clock.nowMilliseconds
        let move = try await store.move([new], of: user, in: room, sentAt: min(receipt.sentAt, now), now: now)
        announce(move, user, room)
    }

    private func announce(_ move: ReceiptMove, _ user: UserRecord, _ room: RoomRecord) {
        if let position = move.receipts {
            feed.announce(
                move.isPublic ? .receipts : .privateReceipts, at: position, room: room.nid, user: user.nid)
        }
        if let position = move.marker {
            feed.announce(.accountData, at: position, room: room.nid, user: user.nid)
        }
    }
}

/// A receipt that everybody in the room may see, as servers tell it to each other.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#receipts
package struct PublicReceipt: Sendable, Hashable {
    package let roomID: RoomID
    package let userID: UserID
    package let eventID: EventID
    package let thread: ReceiptThread
    /// Milliseconds since 1970, as the user's server says.
    package let sentAt: Int64

    package init(roomID: RoomID, userID: UserID, eventID: EventID, thread: ReceiptThread, sentAt: Int64) {
        self.roomID = roomID
        self.userID = userID
        self.eventID = eventID
        self.thread = thread
        self.sentAt = sentAt
    }
}

extension Receipts.Update {
    /// One marker at one event.
    ///
    /// - Parameter threadID: the root of a thread or `main`; `nil` for the room as a whole.
    /// - Throws: 400 `M_INVALID_PARAM` for a thread that there cannot be.
    package init(_ marker: Receipts.Marker, at eventID: EventID, threadID: String?) throws(MatrixError) {
        guard let thread = ReceiptThread(id: threadID) else {
            throw .invalidParam("thread_id must be an event id or main")
        }
        guard marker != .fullyRead || thread == .unthreaded else {
            throw .invalidParam("m.fully_read has no threads")
        }
        self.init(
            read: marker == .read ? eventID : nil, readPrivate: marker == .readPrivate ? eventID : nil,
            fullyRead: marker == .fullyRead ? eventID : nil, thread: thread)
    }
}
