/// How an event says that it relates to another: `m.relates_to` in the clear part of its content.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
package struct EventRelation: Hashable, Sendable {
    /// As long as identifiers of the common grammar may be. Longer ones are no relation types.
    package static let maxTypeBytes = 255

    package let type: String
    /// Need not be an event that we have, nor one of the same room.
    package let parent: EventID

    package init(type: String, parent: EventID) {
        self.type = type
        self.parent = parent
    }
}

/// The relation types that this server gives a meaning to. Any other text is a type as well.
package enum RelationType {
    package static let annotation = "m.annotation"
    package static let reference = "m.reference"
    package static let replace = "m.replace"
    package static let thread = "m.thread"
}

extension EventRelation {
    /// The relation of a content; `nil` where there is none, and where it is not as the specification wants it: such
    /// relations are ignored.
    package init?(content: JSONView) {
        guard let relation = content["m.relates_to"], let type = relation["rel_type"]?.string, !type.isEmpty,
            type.utf8.count <= Self.maxTypeBytes, !type.utf8.contains(0),
            let parent = relation["event_id"]?.string.flatMap({ EventID($0) })
        else { return nil }
        self.init(type: type, parent: parent)
    }
}

extension Event {
    /// Cost: one look at the members of the content for events without a relation.
    package var relation: EventRelation? { EventRelation(content: content) }

    /// The root of the thread that the event says it is in.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#threading
    package var threadRoot: EventID? {
        guard let relation, relation.type == RelationType.thread else { return nil }
        return relation.parent
    }
}
