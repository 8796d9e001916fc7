/// What the checks on receipt say about an event that is what it says it is.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
package enum ReceiptVerdict: Hashable, Sendable {
    case accepted
    /// Allowed where it stands, but not by the room as it is now: kept, and neither shown nor built upon. Servers may differ
    /// about it, since it depends on what they knew when it came.
    case softFailed(AuthRefusal)
    /// Not allowed where it stands: kept, so that what cites it is rejected too. Depends on nothing but the events below it.
    case rejected(AuthRefusal)
}

/// Events that one cites and that are not here. Nothing can be said about it before they are.
package struct MissingCitations: Hashable, Sendable {
    /// Previous events that are not in the graph: unknown ones, and outliers.
    package let predecessors: [EventID]
    package let authEvents: [EventID]

    var isEmpty: Bool { predecessors.isEmpty && authEvents.isEmpty }
}

/// An event that was checked, and what it stands on.
package struct Judgement<Node: GraphEvent>: Sendable {
    package let verdict: ReceiptVerdict
    /// All that is here of what it cites, and the event itself when it is an outlier.
    package let cited: [EventID: Node]
    /// The state before it, for rejected events too: what follows them stands on it.
    package let before: StateTree
}

package enum ReceiptOutcome<Node: GraphEvent>: Sendable {
    /// It was checked before.
    case known(Node)
    case missing(MissingCitations)
    case judged(Judgement<Node>)
}
