import Postgres

/// The SQL of other servers as destinations: which are behind, what they missed, who is in a room.
enum DestinationStatements {
    static let all = [
        page, byName, keep, remove, heard, revived, joinedServers, someJoinedServers, earliestMembers, missedRooms,
        departures, missedEvents, missedReceipts,
    ]

    private static let columns = "server_name, behind_since, failing_since_ms, retry_at_ms, retry_interval_ms"

    static let page = Statement(
        "destinations.page",
        "select \(columns) from destinations where server_name > $1 order by server_name limit $2", mode: .read)
    static let byName = Statement(
        "destinations.by_name", "select \(columns) from destinations where server_name = $1", mode: .read)

    /// The lease is locked so that the slot cannot change hands in between.
    private static let held = """
        with held as (select 1 from leases where duty = $1 and slot = $2 and epoch = $3 for share)
        """
    static let keep = Statement(
        "destinations.keep",
        """
        \(held)
        insert into destinations (server_name, behind_since, failing_since_ms, retry_at_ms, retry_interval_ms)
            select $4::text, $5::bigint[], $6::bigint, $7::bigint, $8::bigint from held
            on conflict (server_name) do update
                set behind_since = excluded.behind_since, failing_since_ms = excluded.failing_since_ms,
                    retry_at_ms = excluded.retry_at_ms, retry_interval_ms = excluded.retry_interval_ms
        """)
    static let remove = Statement(
        "destinations.remove",
        """
        \(held), gone as (delete from destinations where server_name = $4 and exists (select 1 from held))
        select 1 from held
        """)

    /// An interval of 0 marks those that were heard from.
    static let heard = Statement(
        "destinations.heard",
        """
        update destinations set retry_at_ms = $2, retry_interval_ms = 0
        where server_name = $1 and retry_interval_ms > 0
        """)
    static let revived = Statement(
        "destinations.revived",
        "select server_name from destinations where retry_interval_ms = 0 order by retry_at_ms desc limit $1",
        mode: .read)

    // Who is in a room.
    private static func servers(_ condition: String) -> String {
        """
        select s.server_name, m.server_nid, m.user_nid, m.position from (
            select distinct on (server_nid) server_nid, user_nid, position from memberships
            where room_nid = $1 and membership = 1 and \(condition)
            order by server_nid, position
        ) m join servers s on s.server_nid = m.server_nid
        """
    }
    static let joinedServers = Statement(
        "destinations.joined_servers", servers("server_nid <> $2"), mode: .read)
    static let someJoinedServers = Statement(
        "destinations.some_joined_servers", servers("server_nid = any ($2)"), mode: .read)
    static let earliestMembers = Statement(
        "destinations.earliest_members",
        """
        select u.user_id from (
            select user_nid from memberships where room_nid = $1 and server_nid = $2 and membership = 1
            order by position limit $3
        ) m join users u on u.user_nid = m.user_nid
        """, mode: .read)

    // What a server missed: between two vectors, of which Postgres counts the shards from 1.
    static let missedRooms = Statement(
        "destinations.missed_rooms",
        """
        select m.room_nid, r.shard
        from (select distinct room_nid from memberships where server_nid = $1 and membership = 1) m
        join rooms r on r.room_nid = m.room_nid
        where (r.shard, m.room_nid) > ($4, $5) and exists (
            select 1 from events e where e.room_nid = m.room_nid and e.position > 0
            and e.position > ($2::bigint[])[r.shard + 1] and e.position <= ($3::bigint[])[r.shard + 1])
        order by r.shard, m.room_nid limit $6
        """, mode: .read)
    static let departures = Statement(
        "destinations.departures",
        """
        select m.room_nid, r.shard, m.event_nid
        from memberships m join rooms r on r.room_nid = m.room_nid
        where m.server_nid = $1 and m.membership in (4, 5) and m.shard = r.shard
            and m.position > ($2::bigint[])[r.shard + 1] and m.position <= ($3::bigint[])[r.shard + 1]
            and not exists (select 1 from memberships j
                            where j.room_nid = m.room_nid and j.server_nid = $1 and j.membership = 1)
        order by m.position limit $4
        """, mode: .read)
    /// The newest events of a room that are ours to send: of our users, or relayed (flag 32). No more than `$5` are looked at.
    static let missedEvents = Statement(
        "destinations.missed_events",
        """
        select e.event_nid from (
            select event_nid, position, sender_nid, flags from events
            where room_nid = $1 and position > 0 and position > $2 and position <= $3 and flags & 7 = 0
            order by position desc, event_nid desc limit $5
        ) e
        where e.flags & 32 <> 0
            or exists (select 1 from users u where u.user_nid = e.sender_nid and u.server_nid = $4)
        order by e.position desc, e.event_nid desc limit $6
        """, mode: .read)
    /// The public receipts of local users that moved in the rooms that the server is in, the newest.
    static let missedReceipts = Statement(
        "destinations.missed_receipts",
        """
        select x.room_id, u.user_id, r.thread, r.event_id, r.sent_ms
        from (select distinct room_nid from memberships where server_nid = $1 and membership = 1) m
        join rooms x on x.room_nid = m.room_nid
        join receipts r on r.room_nid = m.room_nid
            and r.position > ($2::bigint[])[x.shard + 1] and r.position <= ($3::bigint[])[x.shard + 1]
        join users u on u.user_nid = r.user_nid and u.server_nid = $4
        where r.kind = 1 order by r.sent_ms desc limit $5
        """, mode: .read)
}
