import Postgres

/// The SQL of events that wait for what they build on.
enum InboundEventStatements {
    static let all = [stage, dueRooms, ofRoom, count, delete, deleteRoom, postpone]

    static let stage = Statement(
        "inbound.stage", "select stage_inbound_events($1, $2, $3, $4, $5, $6, $7, $8)")
    static let dueRooms = Statement(
        "inbound.due_rooms",
        """
        select s.shard, due.room_id from unnest($1::smallint[]) as s(shard)
        cross join lateral (
            select e.room_id, min(e.next_attempt_ms) as since from inbound_events e
            where e.shard = s.shard and e.next_attempt_ms <= $2
            group by e.room_id order by 2 limit \(InboundEventStore.maxDueRooms)
        ) due
        order by s.shard, due.since
        """, mode: .read)
    static let ofRoom = Statement(
        "inbound.of_room",
        """
        select inbound_nid, event_id, origin, body, received_ms, attempts, next_attempt_ms from inbound_events
        where room_id = $1 order by next_attempt_ms > $3, inbound_nid limit $2
        """, mode: .read)
    static let count = Statement(
        "inbound.count", "select count(*) from inbound_events where room_id = $1", mode: .read)
    static let delete = Statement("inbound.delete", "delete from inbound_events where inbound_nid = any ($1)")
    static let deleteRoom = Statement("inbound.delete_room", "delete from inbound_events where room_id = $1")
    static let postpone = Statement(
        "inbound.postpone",
        """
        update inbound_events e set attempts = e.attempts + 1, next_attempt_ms = t.due
        from unnest($1::bigint[], $2::bigint[]) as t(number, due) where e.inbound_nid = t.number
        """)
}
