import Postgres

/// The SQL that leads from the order in which events came here to that of the graph.
enum ArrivalStatements {
    static let all = [deepestOfEarlier, shallowestOfLater]

    static let deepestOfEarlier = Statement(
        "events.deepest_of_earlier",
        """
        select t.depth, t.position, t.event_nid from (
            select e.depth, e.position, e.event_nid from events e
            where e.room_nid = $1 and e.position > 0 and (e.position, e.event_nid) < ($2, $3) and e.flags & 7 = 0
            order by e.position desc, e.event_nid desc limit $4
        ) t order by t.depth desc, t.position desc, t.event_nid desc limit 1
        """, mode: .read)
    static let shallowestOfLater = Statement(
        "events.shallowest_of_later",
        """
        select t.depth, t.position, t.event_nid from (
            select e.depth, e.position, e.event_nid from events e
            where e.room_nid = $1 and e.position > 0 and (e.position, e.event_nid) >= ($2, $3) and e.flags & 7 = 0
            order by e.position, e.event_nid limit $4
        ) t order by t.depth, t.position, t.event_nid limit 1
        """, mode: .read)
}
