import FederationAPI
package import MatrixCore
import Rooms
package import Storage
import Telemetry

extension FederatedRooms {
    /// Joins through the first of the servers that lets the user in, and takes in the room's state.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
    package func join(
        _ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]
    ) async throws {
        let draft = MembershipDraft(roomID: roomID, user: user.userID, membership: .join, content: content)
        try await joins.run(roomID, user.userID) { try await enter(by: draft, via: others(servers)) }
    }

    private func enter(by draft: MembershipDraft, via servers: [ServerName]) async throws {
        let known = try await knownVersion(of: draft.roomID)
        let answer = try await trials.first(of: servers) { server in
            do {
                let join = try await make(draft, .join, known: known, at: server)
                return try await JoinAnswer(to: join, from: server, asking: client, checkedBy: verifier)
            } catch {
                telemetry.log.info(
                    "not joined through a server",
                    [.roomID: "\(draft.roomID)", .destination: "\(server)", .cause: "\(error)"])
                throw error
            }
        }
        try await install(answer)
    }

    /// Makes the room ours: its state, and our join on top of it.
    private func install(_ answer: JoinAnswer) async throws {
        let join = answer.join
        let room = try await rooms.ensureRoom(join.roomID, version: join.version)
        guard room.version == join.version.identifier else {
            throw MatrixError(.incompatibleRoomVersion, "the room is known here with another version")
        }
        if answer.lost > 0 {
            telemetry.log.info(
                "some of a joined room's state was not in order",
                [.roomID: "\(room.roomID)", .count: "\(answer.lost)"])
        }
        let stored = try await rooms.store(
            outliers: answer.authChain + answer.state, beginningWith: answer.create, in: room)
        guard let create = stored[answer.create.eventID], !create.stored.flags.contains(.rejected) else {
            throw MatrixError(.unknown, "the room's create event is not valid", status: 502)
        }
        var held: [StateKeyNID: EventNID] = [:]
        for event in answer.state {
            guard let event = stored[event.eventID], !event.stored.flags.contains(.rejected),
                let key = event.stored.stateKeyNID
            else { continue }
            held[key] = event.nid
        }
        let state = try await rooms.state(of: held, in: room)
        let options = RemoteEventOptions(stateBefore: state.root, packs: state.packs, beginsAnew: true)
        switch try await rooms.write(.remote(join, options), in: room) {
        case .written, .unchanged, .repeated: return
        case .rejected(let refusal), .softFailed(let refusal): throw MatrixError(.forbidden, refusal.reason)
        case .missing: throw MatrixError(.unknown, "the other server left out what the join rests on", status: 502)
        }
    }
}
