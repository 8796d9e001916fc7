import FederationAPI
package import MatrixCore
import Rooms

extension FederatedRooms {
    /// Keys of the invited server that are looked up for its one signature.
    private static var maxSignatures: Int { 4 }

    /// Has an invite signed by the server of the user whom it invites, before anybody else sees it.
    ///
    /// - Parameter state: what the invited user is told of the room; the create event is among it.
    /// - Returns: the invite with one signature more, and otherwise as it was given.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
    package func invite(_ event: Event, state: [Event]) async throws -> Event {
        guard let server = event.memberUserID?.serverName else {
            throw MatrixError(.badJSON, "nobody is invited")
        }
        let body = Invite.body(
            roomVersion: event.version.identifier, event: event.bytes, strippedState: state.map(\.bytes))
        return try await trials.first(of: [server]) { server in
            let answer = try await client.invite(body, roomID: event.roomID, eventID: event.eventID, to: server)
            guard event.isSame(as: answer.event) else {
                throw FederationError.malformed("another event came back than was sent")
            }
            guard let signed = try? event.signed(asIn: answer.event, by: server), await isSigned(signed, by: server)
            else { throw FederationError.malformed("the invite was not signed") }
            return signed
        }
    }

    private func isSigned(_ event: Event, by server: ServerName) async -> Bool {
        let time = event.version.enforcesKeyValidity ? event.originServerTS : .min
        var known: [SigningKeyID: Ed25519PublicKey] = [:]
        for id in event.signatureKeyIDs(of: server).prefix(Self.maxSignatures) {
            known[id] = try? await keys.key(id, of: server, validAtMilliseconds: time)
        }
        return event.isSigned(by: server, keys: known)
    }
}
