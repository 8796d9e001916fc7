/// A place in a room's history as clients hold it.
package struct HistoryToken: Hashable, Sendable {
    package let point: TimelinePoint
    /// Whether it stands in the order in which events came here, in which syncs tell them, and not in that of the graph.
    package let isArrival: Bool

    package init(_ point: TimelinePoint, isArrival: Bool) {
        self.point = point
        self.isArrival = isArrival
    }

    /// Just before an event, in the order in which events came here.
    package static func arrival(of event: StoredEvent) -> HistoryToken {
        HistoryToken(.before(event), isArrival: true)
    }

    /// On the wire: `p` or `t`, and three numbers.
    package init?(_ token: String) {
        guard token.utf8.count <= 64, let kind = token.first, kind == "p" || kind == "t",
            let point = TimelinePoint(token: "t" + token.dropFirst())
        else { return nil }
        self.init(point, isArrival: kind == "p")
    }

    package var text: String { isArrival ? "p" + point.token.dropFirst() : point.token }
}
