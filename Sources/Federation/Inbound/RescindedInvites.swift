import FederationAPI
import MatrixCore
import Rooms
import Storage

/// The one thing that is taken in of a room that we are not in: that the invite of a user of ours is taken back, or that the user is
/// kept out of the room, or is not any more.
///
/// Without the room's state nobody can tell who may do that. As Synapse does, only the server that invited is believed: it could
/// have lied about the invite as well. The event has to cite the invite, so that an old one ends no newer invite.
struct RescindedInvites: Sendable {
    /// What became of an event: nothing is wrong with it when there is no refusal.
    struct Outcome: Sendable {
        /// `nil` where the room's version is not known.
        var eventID: EventID?
        var refusal: String?
    }

    private let rooms: RoomService
    private let verifier: EventVerifier

    init(rooms: RoomService, verifier: EventVerifier) {
        self.rooms = rooms
        self.verifier = verifier
    }

    private var reader: RoomReader { rooms.reader }

    /// - Throws: when it cannot be written now.
    func receive(_ pdu: JSONView, in room: RoomRecord, from origin: ServerName) async throws -> Outcome {
        var outcome = Outcome(
            eventID: RoomVersion(room.version).flatMap { Event.claimedEventID(of: pdu, in: $0) },
            refusal: "nobody of this server is in the room")
        guard let (user, record, standing) = try await standing(endedBy: pdu, in: room) else { return outcome }
        let version = RoomVersion(room.version) ?? standing.version
        outcome.eventID = Event.claimedEventID(of: pdu, in: version)
        let event: Event
        switch await check(pdu, in: version) {
        case .failure(let reason):
            outcome.refusal = reason.text
            return outcome
        case .success(let checked): event = checked
        }
        outcome.eventID = event.eventID
        // How the invite ended already.
        if standing.eventID == event.eventID { return Outcome(eventID: event.eventID) }
        outcome.refusal = refusal(of: event, ending: standing, of: user, in: room, from: origin)
        guard outcome.refusal == nil else { return outcome }
        if try await !rooms.end(record, of: user, in: room, by: event) {
            outcome.refusal = "the invite is not there any more"
        }
        return outcome
    }

    /// The user of ours whose standing outside of the room such an event would end.
    private func standing(
        endedBy pdu: JSONView, in room: RoomRecord
    ) async throws -> (UserRecord, MembershipRecord, OutsideStanding)? {
        guard pdu["type"]?.stringEquals(EventType.member) == true, let content = pdu["content"],
            let membership = Membership(content: content), membership == .leave || membership == .ban,
            let userID = pdu["state_key"]?.string.flatMap({ UserID($0) }), rooms.server.owns(userID),
            let user = try await reader.interning.knownUser(userID),
            let (record, kept) = try await reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership != .join, record.membership != .knock, record.eventNID == EventNID(0),
            let standing = kept.flatMap({ OutsideStanding($0, of: userID) })
        else { return nil }
        return (user, record, standing)
    }

    private struct Failure: Error {
        let text: String
    }

    /// Form, size, hash and signatures.
    private func check(_ pdu: JSONView, in version: RoomVersion) async -> Result<Event, Failure> {
        do {
            let received = try Event.receive(pdu, in: version)
            guard received.isContentIntact else { return .failure(Failure(text: "the content is not what was signed")) }
            let results = await verifier.verify([.success(received.event)])
            guard let result = results.first else { return .failure(Failure(text: "it could not be checked")) }
            return result.mapError { Failure(text: $0.description) }
        } catch {
            return .failure(Failure(text: error.description))
        }
    }

    private func refusal(
        of event: Event, ending standing: OutsideStanding, of user: UserRecord, in room: RoomRecord,
        from origin: ServerName
    ) -> String? {
        guard event.roomID == room.roomID, event.memberUserID == user.userID else { return "it is of another room" }
        guard event.sender.serverName == origin, standing.sender.serverName == origin else {
            return "another server has invited the user"
        }
        guard event.authEvents.contains(standing.eventID) else { return "it does not follow from the invite" }
        return nil
    }
}
