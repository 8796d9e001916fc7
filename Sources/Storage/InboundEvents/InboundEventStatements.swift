import Postgres

/// The SQL of events that wait for what they build on.
enum InboundEventStatements {
    static let all = [stage, dueRooms, ofRoom, count, delete, deleteRoom, postpone]

    static let stage = Statement(
        "inbound.stage", "select stage_inbound_events($1, $2, $3, $4, $5, $6, $7, $8)")
    static let dueRooms = Statement(
        "inbound.due_rooms",
        """
        select room_id from inbound_events where shard = $1 and next_attempt_ms <= $2
        group by room_id order by min(next_attempt_ms) limit $3
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
