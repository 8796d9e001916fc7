import MatrixCore
import Rooms
import Storage

/// A room as it was read for an answer, before it is rendered: what relates to its events is looked up for many rooms together.
struct RoomReading: Sendable {
    let room: RoomRecord
    var viewer: Viewer
    var update: RoomUpdate
    /// Oldest first.
    var timeline: [RoomEvent] = []
    var state: [RoomEvent] = []
    /// Those that are sticky and that the timeline leaves out.
    var sticky: [RoomEvent] = []

    /// Whether the client is told what relates to the events of the timeline. Without a gap it has seen all that relates to what
    /// it knows, or sees it now.
    var wantsRelations: Bool { !timeline.isEmpty && (update.isLimited || update.isNew) }

    var page: RelationBundler.Page { RelationBundler.Page(room: room, viewer: viewer, events: timeline) }
}
