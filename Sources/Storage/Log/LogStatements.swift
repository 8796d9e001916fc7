import Postgres

/// The SQL of the log as followers read it.
enum LogStatements {
    static let all = [installation, heads, rowsAfter, rowsAfterEach, changedRooms, roots, append, newestOfRooms, bumps]

    static let installation = Statement(
        "log.installation", "select incarnation::text, shard_count, server_name from installation", mode: .read)
    static let heads = Statement(
        "log.heads",
        """
        select s, coalesce((select l.position from log l where l.shard = s order by l.position desc limit 1), 0)
        from generate_series(0, $1::int - 1) as s order by s
        """, mode: .read)
    /// The limit stands in the text: with it as a parameter every execution is planned anew, which costs more than the rest.
    static let rowsAfter = Statement(
        "log.rows_after",
        """
        select l.shard, l.position, l.kind, l.room_nid, l.user_nid, l.event_nids, l.member_nids, l.redacted, l.state_root,
            (select p.state_root from log p where p.room_nid = l.room_nid and p.version = l.version - 1), l.written_ms
        from log l where l.shard = $1 and l.position > $2 order by l.position limit \(LogStore.maxRows)
        """, mode: .read)
    /// The same for several shards: mostly none, which costs one look at the end of an index for each shard.
    static let rowsAfterEach = Statement(
        "log.rows_after_each",
        """
        select l.shard, l.position, l.kind, l.room_nid, l.user_nid, l.event_nids, l.member_nids, l.redacted, l.state_root,
            (select p.state_root from log p where p.room_nid = l.room_nid and p.version = l.version - 1), l.written_ms
        from unnest($1::smallint[], $2::bigint[]) as h(shard, position)
        cross join lateral (
            select * from log r where r.shard = h.shard and r.position > h.position
            order by r.position limit \(LogStore.maxRowsOfEach)
        ) l
        order by l.shard, l.position
        """, mode: .read)
    /// Rooms of a list that have a row after their shard's position.
    static let changedRooms = Statement(
        "log.changed_rooms",
        """
        select i.room, exists (select 1 from events e where e.room_nid = i.room and e.position > i.since and e.position > 0),
               exists (select 1 from receipts r where r.room_nid = i.room and r.position > i.since)
        from unnest($1::bigint[], $2::bigint[]) as i(room, since)
        """, mode: .read)
    /// The states of rooms at two positions of their shards; none before a room's first events.
    static let roots = Statement(
        "log.roots",
        """
        select i.number,
            (select l.state_root from log l where l.room_nid = i.room and l.version is not null and l.position <= i.since
             order by l.version desc limit 1),
            (select l.state_root from log l where l.room_nid = i.room and l.version is not null and l.position <= i.head
             order by l.version desc limit 1)
        from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality as i(room, since, head, number)
        """, mode: .read)
    /// The newest rows of events: a look at the end of an index for each room.
    static let newestOfRooms = Statement(
        "log.newest_of_rooms",
        """
        select i.room, l.position, l.written_ms, l.state_root from unnest($1::bigint[]) as i(room)
        cross join lateral (
            select n.position, n.written_ms, n.state_root from log n
            where n.room_nid = i.room and n.version is not null order by n.version desc limit 1
        ) l
        """, mode: .read)
    /// The newest event of some types in each room, up to a position, and when it was written; looks back so far at most.
    static let bumps = Statement(
        "log.bumps",
        """
        select i.room, b.position, coalesce(l.written_ms, b.origin_ms)
        from unnest($1::bigint[], $2::smallint[], $3::bigint[]) as i(room, shard, head)
        cross join lateral (
            select n.position, n.origin_ms from (
                select e.position, e.origin_ms, e.event_type from events e
                where e.room_nid = i.room and e.position > 0 and e.position <= i.head and e.flags & 7 = 0
                order by e.position desc, e.event_nid desc limit \(LogStore.maxBumpDistance)
            ) n where n.event_type = any ($4::text[]) limit 1
        ) b left join lateral (
            select n.written_ms from log n where n.shard = i.shard and n.position = b.position limit 1
        ) l on true
        """, mode: .read)
    static let append = Statement(
        "log.append", "select new_position, previous from log_append($1, $2, $3, $4, $5)")
}
