import Postgres

/// The SQL of the list of what a user was notified about. It is no table: it follows from the events, what is unread too.
enum NotificationStatements {
    static let all = [newest, newestHighlights, readBySending]

    private static let questions = """
        unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::boolean[], $6::bigint[], $7::bigint[]) with ordinality
            as i(room, shard, floor, is_joined, position, event, number)
        """
    /// When an event came; when its row of the log has gone, what its server says.
    private static let time = """
        coalesce((select l.written_ms from log l where l.shard = i.shard and l.position = s.position), s.origin_ms)
        """

    /// The newest events of rooms before a place of each that notify the user; and the last one that was looked at, where there
    /// is more.
    static let newest = Statement(
        "notifications.newest",
        """
        select i.number, s.position, s.event_nid, s.notifies, s.highlights, s.rank = $8, \(time)
        from \(questions)
        cross join lateral (
            select e.position, e.event_nid, e.origin_ms,
                   e.sender_nid <> $1 and coalesce(x.actions & 1 <> 0, i.is_joined and e.flags & 8 <> 0) as notifies,
                   coalesce(x.actions & 2 <> 0, false) as highlights,
                   row_number() over (order by e.position desc, e.event_nid desc) as rank
            from events e cross join lateral (select \(UnreadStatements.actions) as actions) x
            where e.room_nid = i.room and e.position > 0 and e.position > i.floor
                and (e.position, e.event_nid) < (i.position, i.event) and e.flags & 7 = 0
            order by e.position desc, e.event_nid desc limit $8
        ) s
        where s.notifies or s.rank = $8
        order by i.number, s.position desc, s.event_nid desc
        """, mode: .read)
    static let newestHighlights = Statement(
        "notifications.newest_highlights",
        """
        select i.number, s.position, s.event_nid, true, true, s.rank = $8, \(time)
        from \(questions)
        cross join lateral (
            select x.position, x.event_nid, e.origin_ms,
                   row_number() over (order by x.position desc, x.event_nid desc) as rank
            from notification_exceptions x
            cross join lateral (
                select e.origin_ms from events e where e.room_nid = i.room and e.event_nid = x.event_nid limit 1
            ) e
            where x.room_nid = i.room and x.user_nid = $1 and x.actions & 2 <> 0 and x.position > i.floor
                and (x.position, x.event_nid) < (i.position, i.event)
            order by x.position desc, x.event_nid desc limit $8
        ) s
        order by i.number, s.position desc, s.event_nid desc
        """, mode: .read)

    /// Which of some events the user has read by sending something afterwards to the same part of the room.
    static let readBySending = Statement(
        "notifications.read_by_sending",
        """
        select i.number
        from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) with ordinality
            as i(room, position, event, root, number)
        where case when i.root is null then exists (
                select 1 from (
                    select e.sender_nid, e.event_type from events e
                    where e.room_nid = i.room and e.position > 0 and (e.position, e.event_nid) > (i.position, i.event)
                        and e.flags & 23 = 0
                    order by e.position, e.event_nid limit $6
                ) e where e.sender_nid = $1 and e.event_type <> 'm.room.member')
            else exists (
                select 1 from (
                    select t.event_nid, t.root from thread_events t
                    where t.room_nid = i.room and (t.position, t.event_nid) > (i.position, i.event)
                    order by t.position, t.event_nid limit $6
                ) t
                cross join lateral (
                    select e.sender_nid, e.event_type from events e
                    where e.room_nid = i.room and e.event_nid = t.event_nid limit 1
                ) e
                where t.root = i.root and e.sender_nid = $1 and e.event_type <> 'm.room.member')
            end
        """, mode: .read)
}
