package import MatrixCore

/// Calls about rooms. What comes back is read, bounded, and not believed yet.
extension FederationClient {
    private static let version1 = "/_matrix/federation/v1"
    private static let version2 = "/_matrix/federation/v2"

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1sendtxnid
    package func sendTransaction(
        _ body: [UInt8], id: String, to server: ServerName
    ) async throws -> Transaction.Result {
        try await Transaction.Result(
            answer: send(FederationCall(.put, to: server, "\(Self.version1)/send", [id], body: body)))
    }

    package enum Draft: String, Sendable { case join = "make_join", leave = "make_leave", knock = "make_knock" }

    /// - Parameter versions: the room versions that we could take part in; none for leaving.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid
    package func makeMembership(
        _ draft: Draft, roomID: RoomID, userID: UserID, versions: [String] = [], at server: ServerName
    ) async throws -> MembershipTemplate {
        try await MembershipTemplate(
            answer: send(
                FederationCall(
                    .get, to: server, "\(Self.version1)/\(draft.rawValue)", [roomID.description, userID.description],
                    query: versions.map { ("ver", $0) })))
    }

    /// - Parameter take: gets the events of the room while they arrive, some hundred at a time; nothing is known of them but
    ///   that they are objects.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
    package func sendJoin(
        _ event: Event, to server: ServerName, take: ([JoinedRoom.Entry]) async throws -> Void
    ) async throws -> JoinedRoom {
        var call = FederationCall(
            .put, to: server, "\(Self.version2)/send_join", [event.roomID.description, event.eventID.description],
            body: event.bytes)
        // The other server collects the whole state of the room before it answers.
        call.timeout = .seconds(300)
        call.maximumBytes = FederationCall.stateBytes
        let lists = [JoinedRoom.state, JoinedRoom.authChain]
        return try await JoinedRoom(
            answer: send(call, elementsOf: lists, atMost: WireLimits.stateEvents) { elements in
                try await take(elements.map { JoinedRoom.Entry(isState: $0.array == 0, pdu: $0.value) })
            })
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_leaveroomideventid
    package func sendLeave(_ event: Event, to server: ServerName) async throws {
        _ = try await send(
            FederationCall(
                .put, to: server, "\(Self.version2)/send_leave", [event.roomID.description, event.eventID.description],
                body: event.bytes))
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid
    package func sendKnock(_ event: Event, to server: ServerName) async throws -> KnockAnswer {
        try await KnockAnswer(
            answer: send(
                FederationCall(
                    .put, to: server, "\(Self.version1)/send_knock",
                    [event.roomID.description, event.eventID.description], body: event.bytes)))
    }

    /// - Parameter body: `Invite.body`.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
    package func invite(
        _ body: [UInt8], roomID: RoomID, eventID: EventID, to server: ServerName
    ) async throws -> Invite.Answer {
        try await Invite.Answer(
            answer: send(
                FederationCall(
                    .put, to: server, "\(Self.version2)/invite", [roomID.description, eventID.description], body: body))
        )
    }

    /// - Parameter body: an incomplete member event.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1exchange_third_party_inviteroomid
    package func exchangeThirdPartyInvite(_ body: [UInt8], roomID: RoomID, at server: ServerName) async throws {
        _ = try await send(
            FederationCall(
                .put, to: server, "\(Self.version1)/exchange_third_party_invite", [roomID.description], body: body))
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1eventeventid
    package func event(_ eventID: EventID, from server: ServerName) async throws -> EventsAnswer {
        try await EventsAnswer(
            answer: send(FederationCall(.get, to: server, "\(Self.version1)/event", [eventID.description])))
    }

    /// - Parameter limit: 1 to `WireLimits.backfillEvents`.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
    package func backfill(
        _ roomID: RoomID, from eventIDs: [EventID], limit: Int, at server: ServerName
    ) async throws -> EventsAnswer {
        let limit = min(max(limit, 1), WireLimits.backfillEvents)
        let query = eventIDs.map { (name: "v", value: $0.description) } + [(name: "limit", value: String(limit))]
        var call = FederationCall(.get, to: server, "\(Self.version1)/backfill", [roomID.description], query: query)
        call.maximumBytes = (limit + 1) * 2 * EventLimits.eventBytes
        return try await EventsAnswer(answer: send(call))
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid
    package func missingEvents(
        _ request: MissingEvents, in roomID: RoomID, from server: ServerName
    ) async throws -> MissingEvents.Answer {
        try await MissingEvents.Answer(
            answer: send(
                FederationCall(
                    .post, to: server, "\(Self.version1)/get_missing_events", [roomID.description], body: request.body))
        )
    }

    /// - Parameter take: gets the events of the state and those that authorise them while they arrive, some hundred at a time;
    ///   nothing is known of them but that they are objects.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1stateroomid
    package func state(
        of roomID: RoomID, at eventID: EventID, from server: ServerName, take: ([JSONView]) async throws -> Void
    ) async throws {
        try await read(stateCall("state", roomID, eventID, server), take)
    }

    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1state_idsroomid
    package func stateIDs(
        of roomID: RoomID, at eventID: EventID, from server: ServerName
    ) async throws -> StateIDsAnswer {
        try await StateIDsAnswer(answer: send(stateCall("state_ids", roomID, eventID, server)))
    }

    private func stateCall(
        _ name: String, _ roomID: RoomID, _ eventID: EventID, _ server: ServerName
    ) -> FederationCall {
        var call = FederationCall(
            .get, to: server, "\(Self.version1)/\(name)", [roomID.description],
            query: [("event_id", eventID.description)])
        call.timeout = .seconds(180)
        call.maximumBytes = FederationCall.stateBytes
        return call
    }

    /// - Parameter take: as for ``state(of:at:from:take:)``.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1event_authroomideventid
    package func authChain(
        of eventID: EventID, in roomID: RoomID, from server: ServerName, take: ([JSONView]) async throws -> Void
    ) async throws {
        var call = FederationCall(
            .get, to: server, "\(Self.version1)/event_auth", [roomID.description, eventID.description])
        call.maximumBytes = FederationCall.stateBytes
        try await read(call, take)
    }

    /// Reads an answer that is events and nothing else.
    private func read(_ call: FederationCall, _ take: ([JSONView]) async throws -> Void) async throws {
        _ = try await send(call, elementsOf: ["pdus", "auth_chain"], atMost: WireLimits.stateEvents) { elements in
            try await take(elements.map(\.value))
        }
    }
}
