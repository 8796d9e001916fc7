package import MatrixCore
import Storage

/// Events that another server must see before they are written.
extension RoomService {
    /// The most stripped state that goes with an invite or a knock; an event that would not fit is left out.
    package static let maxStrippedStateBytes = 32_768

    /// An event of a local user as it would be written now, and what somebody outside of the room is told of it.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the rules refuse it.
    func prepare(_ draft: EventDraft, in room: RoomRecord) async throws -> (event: Event, state: [Event]) {
        do {
            let base = try await BatchGround.load(room, writing)
            var batch = WorkingBatch(base: base, room: room, services: writing)
            guard case .written(let events) = try await batch.add(.local([draft])), let event = events.last?.event
            else {
                throw MatrixError(.unknown, "the room says that already", status: 400)
            }
            return (event, try await outsideState(of: reader.snapshot(of: room, at: base.head.state)))
        } catch let error as PDUError {
            throw MatrixError(error)
        }
    }

    /// What somebody outside of the room is told of it, as an array of stripped state events.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#stripped-state
    package func strippedState(of room: RoomSnapshot) async throws -> [UInt8] {
        let events = try await outsideState(of: room)
        return JSONWriter.write { writer in
            writer.array { for event in events { event.writeStrippedState(to: &$0) } }
        }
    }

    /// The same as whole events, the create event first: other servers check them.
    package func outsideState(of room: RoomSnapshot) async throws -> [Event] {
        let keys = [
            EventType.create, EventType.name, EventType.avatar, EventType.topic, EventType.joinRules,
            EventType.canonicalAlias, EventType.encryption,
        ].map { StateKey($0) }
        let state = try await room.events(keys)
        var size = 2
        return try keys.compactMap { state[$0] }.map(renderer.servedEvent).filter { event in
            size += event.content.rawBytes.count + 200
            return size <= Self.maxStrippedStateBytes
        }
    }
}
