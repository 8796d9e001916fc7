import MatrixCore
import Rooms
import Storage

/// Renders events in the form that a filter asks for.
struct SyncEventRenderer: Sendable {
    let renderer: EventRenderer

    /// - Parameters:
    ///   - related: what is told with the events of what relates to them.
    ///   - isState: whether they are told as the room's state.
    func render(
        _ events: [RoomEvent], in room: RoomRecord, for viewer: Viewer, with related: EventBundles = .none,
        isState: Bool = false, _ context: SyncContext
    ) async throws -> [[UInt8]] {
        guard !events.isEmpty else { return [] }
        let rendered: [[UInt8]]
        switch context.filter.format {
        case .client:
            rendered = try await renderer.render(
                events, in: room,
                for: EventRenderer.Context(
                    viewer: viewer, deviceID: context.deviceID, now: context.now, includesRoomID: false,
                    isState: isState),
                with: related)
        case .federation: rendered = try events.map { try federationFormat($0, now: context.now) }
        }
        guard let fields = context.filter.fields else { return rendered }
        return rendered.map { fields.apply(to: $0) }
    }

    /// The event as servers send it to each other, with its id, which is not part of it there.
    private func federationFormat(_ event: RoomEvent, now: Int64) throws -> [UInt8] {
        let served = try renderer.servedEvent(event)
        return JSONWriter.write(reservingCapacity: served.bytes.count + 120) { writer in
            writer.object { writer in
                if let members = served.json.object { for (name, value) in members { writer.field(name, value) } }
                if served.json["event_id"] == nil { writer.field("event_id", served.eventID) }
                writer.key("unsigned")
                writer.object { $0.field("age", max(0, now - served.originServerTS)) }
            }
        }
    }
}
