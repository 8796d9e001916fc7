import FederationAPI
import MatrixCore
import Rooms
import Telemetry

/// The member event that a local user wants to have in a room that we are not in: what we ask another server to draft, and
/// sign when it has.
struct MembershipDraft: Sendable {
    let roomID: RoomID
    let user: UserID
    let membership: Membership
    /// What the user says, an object. Its membership is `membership`.
    let content: JSONView

    private static let authorisingKey = "join_authorised_via_users_server"

    /// The version of the room as another server tells it.
    ///
    /// - Parameter known: what we know ourselves, if anything.
    /// - Throws: 400 `M_UNSUPPORTED_ROOM_VERSION`, which no other server can help.
    func version(in template: MembershipTemplate, known: RoomVersion?) throws -> RoomVersion {
        guard let version = RoomVersion(template.roomVersion) else {
            throw MatrixError(.unsupportedRoomVersion, "this server does not have the room's version")
        }
        guard version == known ?? version, version.namesRoomByCreateEvent == !roomID.hasDomain else {
            throw FederationError.malformed("the room has not that version")
        }
        return version
    }

    /// The event, made of our own words and the template's place in the graph, and signed. Nothing else of a template is ever
    /// signed: what it says beside must be what we asked for (CVE-2026-24471).
    ///
    /// - Parameter server: who drafted it.
    /// - Throws: `FederationError.malformed` for a draft of something else, `PDUError` for content that is no event's.
    func event(
        from template: MembershipTemplate, in version: RoomVersion, of server: ServerName, signedBy local: LocalServer,
        _ telemetry: Telemetry
    ) throws -> Event {
        let draft = template.event
        guard draft["type"]?.stringEquals(EventType.member) == true,
            draft["sender"]?.stringEquals(user.description) == true,
            draft["state_key"]?.stringEquals(user.description) == true,
            draft["room_id"]?.stringEquals(roomID.description) == true,
            draft["content"]?["membership"]?.stringEquals(membership.rawValue) == true
        else { throw FederationError.malformed("a draft of something else") }
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: EventType.member, stateKey: user.description, sender: user,
            content: try content(with: draft, in: version, of: server))
        builder.originServerTS = telemetry.clock.nowMilliseconds
        let previous = try Self.references(draft["prev_events"], atMost: EventLimits.prevEvents, in: version)
        let authorising = try Self.references(draft["auth_events"], atMost: EventLimits.authEvents, in: version)
        builder.prevEvents = previous.map(\.eventID)
        builder.authEvents = authorising.map(\.eventID)
        builder.addHashes(of: previous + authorising)
        guard !builder.prevEvents.isEmpty, let depth = draft["depth"]?.int, depth >= 0, depth <= version.maximumDepth
        else { throw FederationError.malformed("a draft without a place in the graph") }
        builder.depth = depth
        if version.eventIDFormat == .chosen {
            builder.chosenEventID = EventID("$\(telemetry.random.token(length: 18)):\(local.name)")
        }
        return try builder.signed(by: local.name, with: local.signingKey)
    }

    /// What the user says, and for a restricted room in whose name the other server lets them in.
    private func content(with draft: JSONView, in version: RoomVersion, of server: ServerName) throws -> JSONValue {
        guard case .object(var said) = content.value() else { throw FederationError.malformed("no content") }
        said["membership"] = .string(membership.rawValue)
        said[Self.authorisingKey] = nil
        if membership == .join, version.authorization.allowsRestrictedJoins,
            let name = draft["content"]?[Self.authorisingKey], !name.isNull
        {
            // Another server than the one that is asked could not sign for it.
            guard let user = name.string.flatMap({ UserID($0) }), user.serverName == server else {
                throw FederationError.malformed("the join is authorised by nobody of that server")
            }
            said[Self.authorisingKey] = .string(user.description)
        }
        return .object(said)
    }

    private static func references(
        _ view: JSONView?, atMost limit: Int, in version: RoomVersion
    ) throws(FederationError) -> [EventReference] {
        guard let entries = view?.array, entries.count <= limit else { throw .malformed("no sensible references") }
        var found: [EventReference] = []
        for entry in entries {
            guard let reference = EventReference(entry, in: version) else { throw .malformed("no event id") }
            if !found.contains(where: { $0.eventID == reference.eventID }) { found.append(reference) }
        }
        return found
    }
}
