import Postgres

/// The SQL of events that are to be sent later.
enum DelayedEventStatements {
    static let all = [schedule, change, release, finalise, wakings, take, ofUser, byID, purge]

    private static let columns = """
        d.delay_id, d.user_nid, d.room_id, d.event_type, d.state_key, d.content, d.sticky_ms, d.delay_ms, d.scheduled_ms,
        d.finalised_ms, d.event_id, d.error
        """

    static let schedule = Statement(
        "delayed.schedule",
        """
        select kept_id, next_ms
        from schedule_delayed_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """)
    static let change = Statement("delayed.change", "select change_delayed_event($1, $2, $3, $4)")
    static let release = Statement(
        "delayed.release",
        "update delayed_events set taken = false where delay_id = $1 and finalised_ms is null")
    static let finalise = Statement(
        "delayed.finalise",
        """
        update delayed_events set finalised_ms = $2, event_id = $3, error = $4
        where delay_id = $1 and finalised_ms is null
        """)
    static let wakings = Statement(
        "delayed.wakings",
        """
        select s.slot, next.wake_ms from unnest($1::smallint[]) as s(slot)
        cross join lateral (
            select d.wake_ms from delayed_events d where d.slot = s.slot and d.finalised_ms is null and d.wake_ms <= $2
            order by d.wake_ms limit 1
        ) next
        """, mode: .read)
    static let take = Statement(
        "delayed.take",
        """
        select \(columns) from take_delayed_events($1, $2, $3, $4) d
        order by d.scheduled_ms + d.delay_ms, d.delay_id
        """)
    static let ofUser = Statement(
        "delayed.of_user",
        """
        select \(columns) from delayed_events d where d.user_nid = $1 and d.finalised_ms is null
        order by d.scheduled_ms + d.delay_ms, d.delay_id
        """, mode: .read)
    static let byID = Statement(
        "delayed.by_id", "select \(columns) from delayed_events d where d.delay_id = $1", mode: .read)
    static let purge = Statement(
        "delayed.purge",
        """
        delete from delayed_events d where d.delay_id in (
            select o.delay_id from delayed_events o
            where o.slot = any ($1) and o.finalised_ms is not null and o.finalised_ms < $2 limit $3)
        """)
}
