import Postgres

/// The SQL of the log as followers read it.
enum LogStatements {
    static let all = [installation, heads, rowsAfter, changedRooms, append]

    static let installation = Statement(
        "log.installation", "select incarnation::text, shard_count, server_name from installation", mode: .read)
    static let heads = Statement(
        "log.heads",
        """
        select s, coalesce((select l.position from log l where l.shard = s order by l.position desc limit 1), 0)
        from generate_series(0, $1::int - 1) as s order by s
        """, mode: .read)
    static let rowsAfter = Statement(
        "log.rows_after",
        """
        select shard, position, kind, room_nid, user_nid, event_nids, member_nids, redacted from log
        where shard = $1 and position > $2 order by position limit $3
        """, mode: .read)
    /// Rooms of a list that have a row after their shard's position.
    static let changedRooms = Statement(
        "log.changed_rooms",
        """
        select i.room, exists (select 1 from events e where e.room_nid = i.room and e.position > i.since),
               exists (select 1 from receipts r where r.room_nid = i.room and r.position > i.since)
        from unnest($1::bigint[], $2::bigint[]) as i(room, since)
        """, mode: .read)
    static let append = Statement(
        "log.append", "select new_position, previous from log_append($1, $2, $3, $4, $5)")
}
