package import MatrixCore
package import Storage
import Telemetry

/// Events that users have sent later, and do not send at all if they think better of it: how calls say that somebody is gone
/// who cannot say it any more.
///
/// - Spec: MSC4140
package struct DelayedEvents: Sendable {
    package struct Limits: Sendable {
        /// The longest delay.
        package let maxDelayMilliseconds: Int64
        /// Events that a user may have waiting. With 0 nobody may have any.
        package let maxScheduled: Int

        package init(maxDelayMilliseconds: Int64, maxScheduled: Int) {
            self.maxDelayMilliseconds = maxDelayMilliseconds
            self.maxScheduled = maxScheduled
        }
    }

    /// 256 bits: who knows the id may restart, cancel and send, without saying who they are.
    private static let delayIDLength = 43

    package let limits: Limits
    let rooms: RoomService
    let store: DelayedEventStore

    package init(rooms: RoomService, store: DelayedEventStore, limits: Limits) {
        self.rooms = rooms
        self.store = store
        self.limits = limits
    }

    var telemetry: Telemetry { rooms.writing.telemetry }
    private var now: Int64 { rooms.now }

    // MARK: Scheduling

    package func schedule(_ request: DelayedEventRequest, by user: UserRecord) async throws -> String {
        try await schedule(try request.event, by: user)
    }

    /// Keeps an event for later. Whether the user may send it is asked only then.
    ///
    /// - Returns: its delay id; the same again for the same transaction of the same device.
    /// - Throws: 403 `M_FORBIDDEN` for a longer delay than is allowed or where nobody may schedule anything, 429
    ///   `M_LIMIT_EXCEEDED` when the user has too many waiting, 413 `M_TOO_LARGE`, 400 `M_BAD_JSON` or `M_INVALID_PARAM`.
    package func schedule(_ event: NewDelayedEvent, by user: UserRecord) async throws -> String {
        guard limits.maxScheduled > 0 else {
            throw MatrixError(.forbidden, "This server does not delay events")
        }
        guard event.delayMilliseconds > 0 else { throw MatrixError.invalidParam("The delay must be above 0") }
        guard event.delayMilliseconds <= limits.maxDelayMilliseconds else { throw tooLong }
        guard event.content.count <= EventLimits.eventBytes else {
            throw MatrixError(.tooLarge, "The event is too large")
        }
        guard event.type.utf8.count <= EventLimits.keyBytes, (event.stateKey ?? "").utf8.count <= EventLimits.keyBytes
        else { throw MatrixError(.tooLarge, "The type or state key is too long") }
        let scheduled = try await store.schedule(
            event, delayID: telemetry.random.token(length: Self.delayIDLength), by: user.nid,
            slot: rooms.reader.interning.shard(of: event.roomID.description), limit: limits.maxScheduled, now: now)
        switch scheduled {
        case .kept(let delayID): return delayID
        case .full(let next):
            throw MatrixError(
                .limitExceeded, "The maximum number of delayed events has been reached.",
                retryAfter: .milliseconds(max((next ?? now) - now, 1)))
        }
    }

    private var tooLong: MatrixError {
        MatrixError(
            .forbidden, "The delay is longer than this server allows",
            fields: [
                // As clients know it that do not look at the capability.
                "org.matrix.msc4140.errcode": "M_MAX_DELAY_EXCEEDED",
                "org.matrix.msc4140.max_delay": .integer(limits.maxDelayMilliseconds),
            ])
    }

    // MARK: Managing

    /// - Parameter user: whose event it has to be; `nil` for whoever knows its id.
    /// - Throws: 404 `M_NOT_FOUND`, 409 `M_UNKNOWN` when it was sent.
    package func cancel(_ delayID: String, by user: UserNID?) async throws {
        switch try await store.change(delayID, .cancel, by: user, now: now) {
        case .done, .cancelled: return
        case .sent: throw Self.conflict("The event was sent already")
        case .unknown: throw Self.unknown
        }
    }

    /// Begins to wait anew.
    ///
    /// - Throws: 404 `M_NOT_FOUND`, also when it was sent: that is how clients learn that they were too late. 409
    ///   `M_UNKNOWN` when it was cancelled.
    package func restart(_ delayID: String, by user: UserNID?) async throws {
        switch try await store.change(delayID, .restart, by: user, now: now) {
        case .done: return
        case .cancelled: throw Self.conflict("The event was cancelled already")
        case .sent, .unknown: throw Self.unknown
        }
    }

    /// Sends it now. If that is refused it waits on: what is in the way may be gone by then.
    ///
    /// - Throws: 404 `M_NOT_FOUND`, 409 `M_UNKNOWN` when it was cancelled, and what sending an event throws.
    package func send(_ delayID: String, by user: UserNID?) async throws {
        switch try await store.change(delayID, .take, by: user, now: now) {
        case .done: break
        case .sent: return
        case .cancelled: throw Self.conflict("The event was cancelled already")
        case .unknown: throw Self.unknown
        }
        guard let event = try await store.event(delayID), event.end == nil else { return }
        do {
            try await deliver(event)
        } catch let refusal as MatrixError {
            try await store.release(delayID)
            throw refusal
        }
    }

    private static var unknown: MatrixError { MatrixError.notFound("There is no such delayed event") }
    private static func conflict(_ message: String) -> MatrixError { MatrixError(.unknown, message, status: 409) }

    // MARK: Looking

    /// What of the user's waits, in the order in which it is due.
    package func scheduled(by user: UserNID) async throws -> [DelayedEvent] {
        try await store.scheduled(by: user).map { DelayedEvent(record: $0) }
    }

    /// - Throws: 404 `M_NOT_FOUND`, also when it is another's.
    package func event(_ delayID: String, of user: UserNID) async throws -> DelayedEvent {
        guard let event = try await store.event(delayID), event.userNID == user else { throw Self.unknown }
        return DelayedEvent(record: event)
    }

    // MARK: Sending

    /// Sends an event that was taken, and says so. However often: it is sent once, since its delay id is its transaction.
    ///
    /// - Throws: `MatrixError` when it was refused; it is not finalised then.
    func deliver(_ event: DelayedEventRecord) async throws {
        let user = try await rooms.user(event.userNID)
        let content: JSONView
        do { content = try JSONDocument(parsing: event.content).root } catch {
            throw StorageError.corrupt("delayed_events.content")
        }
        var draft = EventDraft(
            sender: user, type: event.type, stateKey: event.stateKey, content: content,
            transaction: .delayed(event.delayID))
        draft.stickyMilliseconds = event.stickyMilliseconds
        if event.type == EventType.redaction, event.stateKey == nil {
            draft.redacts = content["redacts"]?.string.flatMap { EventID($0) }
        }
        let eventID = try await rooms.send(draft, to: event.roomID)
        try await store.finalise(event.delayID, DelayedEventRecord.End(.sent(eventID), at: now))
    }

    /// The same when the time has come: what is refused then has failed.
    func deliverDue(_ event: DelayedEventRecord) async throws {
        do {
            try await deliver(event)
        } catch let refusal as MatrixError {
            telemetry.log.info(
                "a delayed event was refused",
                [.roomID: "\(event.roomID)", .userID: "\(event.userNID)", .cause: refusal.message])
            try await store.finalise(
                event.delayID, DelayedEventRecord.End(.failed(refusal.standardResponse), at: now))
        }
    }
}

extension MatrixError {
    /// The standard error response, as it is kept to be read later: when a retry would have helped is over by then.
    fileprivate var standardResponse: [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field("errcode", (errcode ?? .unknown).rawValue)
                json.field("error", message)
            }
        }
    }
}
