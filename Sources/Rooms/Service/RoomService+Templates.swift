package import MatrixCore
package import Storage
import Telemetry

/// Events of users of other servers, drafted here for their servers to complete and sign.
extension RoomService {
    /// The member event that a user of another server would send about themselves now.
    ///
    /// - Parameter content: with the membership.
    /// - Throws: 403 `M_FORBIDDEN` when the rules would refuse the event.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
    package func template(
        ofMembershipOf user: UserID, content: JSONValue, in room: RoomRecord
    ) async throws -> JSONValue {
        guard let version = RoomVersion(room.version) else { throw MatrixError.unknownRoom }
        // Nothing of the batch is written: it knows on what an event stands.
        var batch = WorkingBatch(base: try await BatchGround.load(room, writing), room: room, services: writing)
        guard !batch.extremities.isEmpty else { throw MatrixError.unknownRoom }
        do {
            var builder = try EventBuilder(
                version: version, roomID: room.roomID, type: EventType.member, stateKey: user.description,
                sender: user, content: content)
            let rules = AuthRules(version: version)
            let keys = rules.selection(
                type: EventType.member, stateKey: user.description, sender: user,
                content: try builder.contentDocument().root)
            let (predecessors, before) = try await batch.foundation(for: user)
            let state = try await batch.state(keys + [.create], in: before)
            builder.originServerTS = now
            builder.prevEvents = predecessors.map(\.eventID)
            builder.depth = Event.depth(following: predecessors.map(\.event.depth), in: version)
            builder.authEvents = keys.compactMap { state[$0]?.eventID }
            builder.addHashes(of: predecessors.map(\.event) + state.values.map(\.event))
            if version.eventIDFormat == .chosen {
                builder.chosenEventID = EventID("$\(writing.telemetry.random.token(length: 18)):\(user.serverName)")
            }
            // The rules look at whole events. This one never leaves the function.
            let trial = try builder.signed(by: server.name, with: server.signingKey)
            let now = before.root == batch.tree.root ? state : try await batch.state(keys + [.create])
            for state in [state, now] {
                if case .refused(let refusal) = rules.check(trial, against: AuthStateMap(state.values.map(\.event))) {
                    throw MatrixError(.forbidden, refusal.reason)
                }
            }
            return try JSONDocument(parsing: builder.template()).root.value()
        } catch let error as PDUError {
            throw MatrixError(error)
        }
    }
}
