package import MatrixCore

/// A room as it stands in a hierarchy.
package struct ListedRoom: Sendable {
    package let summary: RoomSummary
    /// The links to the rooms in it, when it is a space.
    package let children: [SpaceChild]
    /// Rooms in it of which nobody here may know, as another server says.
    var inaccessible: Set<RoomID> = []
    /// What another server told of the rooms in it.
    var childSummaries: [RoomID: RoomSummary] = [:]

    init(_ room: SummarizedRoom, suggestedOnly: Bool) {
        summary = room.summary
        children = suggestedOnly ? room.children.filter(\.isSuggested) : room.children
    }

    init(_ hierarchy: RemoteHierarchy, suggestedOnly: Bool) {
        summary = hierarchy.room
        children = suggestedOnly ? hierarchy.children.filter(\.isSuggested) : hierarchy.children
        inaccessible = hierarchy.inaccessible
        childSummaries = hierarchy.childSummaries
    }

    /// A room whose own rooms do not matter.
    init(_ summary: RoomSummary) {
        self.summary = summary
        children = []
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            summary.writeMembers(to: &json)
            json.array(key: "children_state") { json in for child in children { json.raw(child.json) } }
        }
    }
}
