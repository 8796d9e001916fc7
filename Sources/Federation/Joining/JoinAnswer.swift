import FederationAPI
import MatrixCore

/// What a server told of a room when it let us in, after everything that can be checked of it without believing anybody.
struct JoinAnswer: Sendable {
    /// Ours, with the other server's signature where the room asks for one.
    let join: Event
    let create: Event
    /// The room's state before the join: each key once, all of this room.
    let state: [Event]
    let authChain: [Event]
    /// Events that were left out because they are not what they should be.
    let lost: Int

    private let version: RoomVersion

    /// Sends a join, and takes in the answer while it arrives: of a large room it has hundreds of megabytes, of which nothing
    /// is kept but the events.
    ///
    /// - Parameters:
    ///   - join: what we send.
    ///   - server: who answers.
    /// - Throws: what ``FederationClient`` throws.
    init(
        to join: Event, from server: ServerName, asking client: FederationClient, checkedBy verifier: EventVerifier
    ) async throws {
        var entries: [Entry] = []
        let answer = try await client.sendJoin(join, to: server) { some in
            let events = await verifier.receive(some.map(\.pdu), in: join.version)
            for (entry, event) in zip(some, events) {
                entries.append(
                    Entry(isState: entry.isState, isControl: Event.isControl(entry.pdu), event: event))
            }
        }
        try await self.init(answer, entries, to: join, from: server, checkedBy: verifier)
    }

    /// An event of the answer, if it is one.
    private struct Entry {
        let isState: Bool
        let isControl: Bool
        let event: Result<Event, PDUFailure>
    }

    private init(
        _ answer: JoinedRoom, _ entries: [Entry], to join: Event, from server: ServerName,
        checkedBy verifier: EventVerifier
    ) async throws(FederationError) {
        guard !answer.membersOmitted else { throw .malformed("members were left out though nobody asked for that") }
        version = join.version
        self.join = try await Self.cosigned(join, answer.event, by: server, verifier)
        var state: [StateKey: Event] = [:]
        var authChain: [Event] = []
        var lost = 0
        for (entry, result) in zip(entries, await verifier.verify(entries.map(\.event))) {
            guard case .success(let event) = result else {
                guard !entry.isState || !entry.isControl else {
                    throw .malformed("what decides about the room is not in order")
                }
                lost += 1
                continue
            }
            guard event.roomID == join.roomID else { throw .malformed("an event of another room") }
            guard entry.isState else {
                authChain.append(event)
                continue
            }
            guard let key = event.fullStateKey else { throw .malformed("a state event that is none") }
            guard state.updateValue(event, forKey: key) ?? event == event else {
                throw .malformed("two events hold one place of the state")
            }
        }
        guard let create = state[.create] else { throw .malformed("no create event") }
        self.create = create
        self.state = Array(state.values)
        self.authChain = authChain
        self.lost = lost
        try checkRules(state)
    }

    /// Our join with the signature that a restricted room asks of the other server. All else of it stays as we made it.
    private static func cosigned(
        _ join: Event, _ returned: JSONView?, by server: ServerName, _ verifier: EventVerifier
    ) async throws(FederationError) -> Event {
        if let returned {
            guard join.isSame(as: returned) else { throw .malformed("another event came back than was sent") }
        }
        guard let signer = join.authorisingServer, signer != join.sender.serverName else { return join }
        guard let returned, let signed = try? join.signed(asIn: returned, by: signer),
            (try? await verifier.check(signed.json, in: join.version)) != nil
        else { throw .malformed("\(signer) did not sign the join that it authorises") }
        return signed
    }

    /// By the authorisation rules the join must follow from what it cites, and from the state that came.
    private func checkRules(_ state: [StateKey: Event]) throws(FederationError) {
        let rules = AuthRules(version: version)
        if let refusal = rules.check(create, against: AuthStateMap()).refusal {
            throw .malformed("the create event breaks \(refusal)")
        }
        let known = Dictionary((authChain + state.values).map { ($0.eventID, $0) }, uniquingKeysWith: { one, _ in one })
        let cited = join.authEvents.compactMap { known[$0] }
        guard cited.count == join.authEvents.count else { throw .malformed("auth events of the join did not come") }
        func entry(_ event: Event) -> AuthRules.AuthEvent { AuthRules.AuthEvent(event: event, isRejected: false) }
        let verdicts = [
            rules.checkAuthEvents(of: join, cited.map(entry), create: entry(create)),
            rules.check(join, against: AuthStateMap(cited + [create])),
            rules.check(join, against: AuthStateMap(rules.selection(for: join).compactMap { state[$0] } + [create])),
        ]
        if let refusal = verdicts.lazy.compactMap(\.refusal).first {
            throw .malformed("the join does not fit the state that came: \(refusal)")
        }
    }
}

extension Event {
    /// Whether what came back from another server is this event in everything but signatures.
    func isSame(as returned: JSONView) -> Bool {
        guard let other = try? Event.receive(returned, in: version), other.isContentIntact,
            eventID == other.event.eventID, let own = try? JSONSigning.message(json),
            let others = try? JSONSigning.message(other.event.json)
        else { return false }
        return own == others
    }

    /// The event with the signatures that another copy of it bears of a server. Whether they are good is not checked.
    func signed(asIn copy: JSONView, by server: ServerName) throws(PDUError) -> Event {
        var signatures = json["signatures"]?.value() ?? [:]
        signatures[server.description] = copy["signatures"]?[server.description]?.value()
        var bytes = JSONWriter(reservingCapacity: self.bytes.count + 256)
        bytes.object {
            guard let members = json.object else { return }
            for (member, value) in members {
                if member == "signatures" { $0.field(member, signatures) } else { $0.field(member, value) }
            }
        }
        guard bytes.bytes.count <= EventLimits.eventBytes else { throw .tooLarge(byteCount: bytes.bytes.count) }
        return try Event(stored: bytes.bytes, eventID: eventID, version: version)
    }
}
