import Postgres

/// The SQL of events as they are read.
enum EventStatements {
    static let all = [
        byNIDs, byIDs, byIDAnyRoom, byTransaction, numbers, timelineBefore, timelineAfter, newestInTimeline, before,
        after,
        missing, authFacts, authGraph, nidsToIDs, lowestDepth, placeAtTime, timelineNumbers, standings, ofRooms,
        timelinesOfRooms, erasedSenders,
    ]

    private static let columns = """
        e.event_nid, e.room_nid, e.event_id, e.position, e.depth, e.sender_nid, e.event_type, e.state_key_nid, e.flags,
        e.origin_ms, e.state_before, e.auth_nids, e.body, e.device_id, e.transaction_id, r.redaction_nid
        """
    private static let source = """
        events e left join redactions r on r.room_nid = e.room_nid and r.event_id = e.event_id
        """
    /// What pagination shows: placed, neither rejected nor soft-failed.
    private static let shown = "e.flags & 7 = 0"

    static let byNIDs = Statement(
        "events.by_nids", "select \(columns) from \(source) where e.room_nid = $1 and e.event_nid = any ($2)",
        mode: .read)
    static let byIDs = Statement(
        "events.by_ids", "select \(columns) from \(source) where e.event_id = any ($2) and e.room_nid = $1", mode: .read
    )
    static let byIDAnyRoom = Statement(
        "events.by_id_any_room", "select \(columns) from \(source) where e.event_id = $1", mode: .read)
    static let byTransaction = Statement(
        "events.by_transaction", "select sent_event($1, $2, $3, $4, $5, $6)")
    static let erasedSenders = Statement(
        "events.erased_senders", "select user_nid from accounts where user_nid = any ($1) and erased", mode: .read)
    static let numbers = Statement(
        "events.numbers", "select event_id, event_nid, flags from events where event_id = any ($2) and room_nid = $1",
        mode: .read)

    // Of many rooms. Each is a look-up of its own, whatever the planner thinks of the tables' sizes.
    static let ofRooms = Statement(
        "events.of_rooms",
        """
        select f.* from unnest($1::bigint[], $2::bigint[]) as i(room, event)
        cross join lateral (
            select \(columns) from \(source) where e.room_nid = i.room and e.event_nid = i.event limit 1
        ) f
        """, mode: .read)
    static let timelinesOfRooms = Statement(
        "events.timelines_of_rooms",
        """
        select f.*, i.number
        from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality as i(room, since, head, number)
        cross join lateral (
            select \(columns) from \(source)
            where e.room_nid = i.room and e.position > 0 and e.position > i.since and e.position <= i.head and \(shown)
            order by e.position desc, e.event_nid desc limit $4
        ) f
        order by i.number, f.position desc, f.event_nid desc
        """, mode: .read)

    /// Who sent events of several rooms, and when the rows of the log were written that they came with.
    static let standings = Statement(
        "events.standings",
        """
        select i.room, i.event, e.sender_nid, l.written_ms
        from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[]) as i(room, event, shard, position)
        left join lateral (
            select n.sender_nid from events n where n.room_nid = i.room and n.event_nid = i.event limit 1
        ) e on true
        left join lateral (
            select n.written_ms from log n where n.shard = i.shard and n.position = i.position limit 1
        ) l on true
        """, mode: .read)

    // The live timeline, in the order of sync.
    static let timelineBefore = Statement(
        "events.timeline_before",
        """
        select \(columns) from \(source) where e.room_nid = $1 and e.position > 0 and e.position > $2 and e.position <= $3
            and \(shown)
        order by e.position desc, e.event_nid desc limit $4
        """, mode: .read)
    /// The newest events of stretches of several rooms, without reading them.
    static let timelineNumbers = Statement(
        "events.timeline_numbers",
        """
        select i.room, t.event_nid from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as i(room, since, head, count)
        cross join lateral (
            select e.event_nid, e.position from events e
            where e.room_nid = i.room and e.position > 0 and e.position > i.since and e.position <= i.head and \(shown)
            order by e.position desc, e.event_nid desc limit i.count
        ) t order by i.room, t.position, t.event_nid
        """, mode: .read)
    static let timelineAfter = Statement(
        "events.timeline_after",
        """
        select \(columns) from \(source) where e.room_nid = $1 and e.position > 0 and e.position > $2 and e.position <= $3
            and \(shown)
        order by e.position, e.event_nid limit $4
        """, mode: .read)
    static let newestInTimeline = Statement(
        "events.newest_in_timeline",
        """
        select \(columns) from \(source) where e.room_nid = $1 and e.position > 0 and e.position <= $2
        order by e.position desc, e.event_nid desc limit 1
        """, mode: .read)

    // Pagination, in the order of the graph.
    static let before = Statement(
        "events.before",
        """
        select \(columns) from \(source)
        where e.room_nid = $1 and (e.depth, e.position, e.event_nid) < ($2, $3, $4)
          and (e.depth, e.position, e.event_nid) >= ($5, $6, $7) and \(shown)
        order by e.depth desc, e.position desc, e.event_nid desc limit $8
        """, mode: .read)
    static let after = Statement(
        "events.after",
        """
        select \(columns) from \(source)
        where e.room_nid = $1 and (e.depth, e.position, e.event_nid) >= ($2, $3, $4)
          and (e.depth, e.position, e.event_nid) < ($5, $6, $7) and \(shown)
        order by e.depth, e.position, e.event_nid limit $8
        """, mode: .read)
    static let missing = Statement(
        "events.missing",
        """
        select m.event_id, e.depth from missing_events m
        join events e on e.room_nid = m.room_nid and e.event_nid = m.child_nid
        where m.room_nid = $1 order by e.depth desc limit $2
        """, mode: .read)
    static let lowestDepth = Statement(
        "events.lowest_depth",
        """
        select e.depth from events e where e.room_nid = $1 and \(shown)
        order by e.depth, e.position, e.event_nid limit 1
        """, mode: .read)
    static let placeAtTime = Statement(
        "events.place_at_time", "select place_depth, place_position from place_at_time($1, $2)", mode: .read)
    static let nidsToIDs = Statement(
        "events.nids_to_ids",
        "select event_nid, event_id from events where room_nid = $1 and event_nid = any ($2)", mode: .read)
    static let authFacts = Statement(
        "events.auth_facts",
        """
        select event_nid, event_type, state_key_nid, sender_nid, depth, origin_ms, flags, auth_nids
        from events where room_nid = $1 and event_nid = any ($2)
        """, mode: .read)
    /// Rows come breadth first, and the limit ends the walk. `auth_nids` holds 8 bytes a number (``EventNumbers``), of ten at
    /// most. The inner `limit` keeps the planner to one look-up by key for each; it would scan the room otherwise.
    static let authGraph = Statement(
        "events.auth_graph",
        """
        with recursive walk (event_nid, state_key_nid, auth_nids) as (
            select event_nid, state_key_nid, auth_nids from events where room_nid = $1 and event_nid = any ($2)
            union
            select e.event_nid, e.state_key_nid, e.auth_nids
            from walk w
            join generate_series(1, 73, 8) as place on place < length(w.auth_nids)
            cross join lateral (
                select event_nid, state_key_nid, auth_nids from events where room_nid = $1 and event_nid
                    = ('x' || encode(substring(w.auth_nids from place for 8), 'hex'))::bit(64)::bigint
                limit 1
            ) e
        )
        select event_nid, state_key_nid, auth_nids from walk limit $3
        """, mode: .read)
}
