import Postgres

/// The SQL of sticky events. The rows come with the events themselves, by a trigger.
enum StickyEventStatements {
    static let all = [shown, hidden, purge]

    static let shown = Statement(
        "sticky.shown",
        """
        select i.room, s.event_nid, s.received_ms
        from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as i(room, since, head)
        cross join lateral (
            select e.event_nid, e.position, e.received_ms from sticky_events e
            where e.room_nid = i.room and e.position > i.since and e.position <= i.head and e.ends_ms > $4
            order by e.position desc, e.event_nid desc limit $5
        ) s
        order by i.room, s.position, s.event_nid
        """, mode: .read)
    /// Position 0: soft-failed.
    static let hidden = Statement(
        "sticky.hidden",
        """
        select s.event_nid from sticky_events s
        where s.room_nid = $1 and s.position = 0 and s.sender_nid = any ($2) and s.ends_ms > $3
        order by s.event_nid limit $4
        """, mode: .read)
    static let purge = Statement(
        "sticky.purge",
        """
        delete from sticky_events s where (s.room_nid, s.event_nid) in (
            select o.room_nid, o.event_nid from sticky_events o where o.ends_ms <= $1 limit $2)
        """)
}
